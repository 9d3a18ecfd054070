package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

const added = `{"carrier":"ups","number":"A1B2C3","credentials":{"client_id":"id-1","client_secret":"hush-1"}}`

func post(t *testing.T, w *world, body string) (api.Response, error) {
	t.Helper()
	return w.PostCarrierAccount(t.Context(), api.Request{Check: contract.Check, Tenant: "tn_1", Mode: ship.Test, Body: []byte(body)})
}

func TestPostCarrierAccount(t *testing.T) {
	w := newWorld(t)
	t.Run("is 201 with the account as the contract has it, and no credentials", func(t *testing.T) {
		resp, err := post(t, w, strings.Replace(added, "{", `{"rebook_on_absent":true,`, 1))
		if err != nil || resp.Status != http.StatusCreated {
			t.Fatal(resp.Status, err)
		}
		raw, err := json.Marshal(resp.Body)
		if err != nil || strings.Contains(string(raw), "hush-1") || strings.Contains(string(raw), "id-1") {
			t.Fatal("credentials are in the answer", err)
		}
		var answer map[string]any
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatal(err)
		}
		if err := contract.Document().Components.Schemas["CarrierAccount"].Value.VisitJSON(answer, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
			t.Error(err)
		}
		id, _ := answer["id"].(string)
		delete(answer, "id")
		want := map[string]any{"object": "carrier_account", "carrier": "ups", "number": "A1B2C3", "mode": "test", "rebook_on_absent": true, "created_at": "2026-03-01T12:00:00.123Z"}
		if diff := cmp.Diff(want, answer); diff != "" {
			t.Error(diff)
		}
		got, err := w.CarrierAccount(t.Context(), "tn_1", id)
		if err != nil || !got.RebookOnAbsent || got.Mode != ship.Test || got.Credentials["client_secret"] != "hush-1" {
			t.Errorf("got account %s, %v", got.ID, err)
		}
	})
	t.Run("rebook_on_absent is off unless asked for", func(t *testing.T) {
		resp, err := post(t, w, added)
		if err != nil || resp.Body.(v1.CarrierAccount).RebookOnAbsent {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		body   string
		status int
		want   []string // field and code of each problem
	}{
		"not JSON":                {`{"carrier":`, 400, nil},
		"an array":                {`[]`, 422, []string{" type"}},
		"an empty object":         {`{}`, 422, []string{"carrier required", "number required"}},
		"no credentials":          {`{"carrier":"ups","number":"1"}`, 422, []string{"credentials.client_id required", "credentials.client_secret required"}},
		"a name of two lines":     {strings.Replace(added, "{", `{"name":"a\nb",`, 1), 422, []string{"name control_character"}},
		"an unknown field":        {strings.Replace(added, "{", `{"nummer":1,`, 1), 422, []string{"nummer unknown_field"}},
		"wrong types":             {`{"carrier":1,"number":[],"credentials":{"client_id":5}}`, 422, []string{"carrier type", "credentials.client_id type", "number type"}},
		"an unknown carrier":      {strings.Replace(added, "ups", "usp", 1), 422, []string{"carrier unknown_carrier"}},
		"a number with a space":   {strings.Replace(added, "A1B2C3", "A1 B2C3", 1), 422, []string{"number invalid"}},
		"no credentials at all":   {`{"carrier":"ups","number":"1","credentials":{}}`, 422, []string{"credentials.client_id required", "credentials.client_secret required"}},
		"one missing, one more":   {`{"carrier":"ups","number":"1","credentials":{"client_id":"i","password":"hush-2"}}`, 422, []string{"credentials.client_secret required", "credentials.password unknown_field"}},
		"a secret with a newline": {`{"carrier":"ups","number":"1","credentials":{"client_id":"i","client_secret":"hush-2\n"}}`, 422, []string{"credentials.client_secret control_character"}},
		"everything at once":      {`{"carrier":"ups","number":" ","credentials":{"x":"y"}}`, 422, []string{"number invalid", "credentials.client_id required", "credentials.client_secret required", "credentials.x unknown_field"}},
		"credentials it has none": {`{"carrier":"sim","number":"1","credentials":{"x":"y"}}`, 422, []string{"credentials.x unknown_field"}},
	} {
		t.Run(name+" is refused with every problem, and nothing is stored", func(t *testing.T) {
			fresh := newWorld(t)
			stored := &writes{API: fresh.db.DB}
			fresh.db.DB = stored
			_, err := post(t, fresh, c.body)
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Status != c.status {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, p := range e.Problems {
				got = append(got, p.Field+" "+p.Code)
				if p.Detail == "" || strings.Contains(p.Detail, "hush-2") {
					t.Errorf("%s: detail %q", p.Field, p.Detail)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if stored.n != 0 {
				t.Errorf("%d writes", stored.n)
			}
		})
	}
	t.Run("a carrier that needs no credentials takes none", func(t *testing.T) {
		if _, err := post(t, w, `{"carrier":"sim","number":"1","credentials":{}}`); err != nil {
			t.Error(err)
		}
	})
}

// writes counts them, and loses the one of a number, counted from 1.
type writes struct {
	dynamo.API
	n, lost int
}

var errLost = errors.New("injected: the connection broke")

func (w *writes) write() error {
	if w.n++; w.n == w.lost {
		return errLost
	}
	return nil
}

func (w *writes) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if err := w.write(); err != nil {
		return nil, err
	}
	return w.API.PutItem(ctx, in, o...)
}

func (w *writes) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if err := w.write(); err != nil {
		return nil, err
	}
	return w.API.UpdateItem(ctx, in, o...)
}

func (w *writes) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if err := w.write(); err != nil {
		return nil, err
	}
	return w.API.DeleteItem(ctx, in, o...)
}
