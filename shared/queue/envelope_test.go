package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/ship"
)

func envelope() Envelope {
	return Envelope{ID: "shp_1#2", Correlation: "c", Tenant: "tn_1", Mode: ship.Test, Shipment: "shp_1", Version: 2, OccurredAt: time.UnixMilli(1_800_000_000_000).UTC(), Type: "book", Data: json.RawMessage(`{"fp":"x"}`)}
}

func TestEncode(t *testing.T) {
	t.Run("what is sent is ASCII and is read back as it was", func(t *testing.T) {
		e := envelope()
		e.Correlation = "é \uffff 😀 \u0001 \u2028"
		body, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("a character a queue may refuse is in %q", body)
		}
		got, err := Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDecode(t *testing.T) {
	good, err := Encode(envelope())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ body, reason string }{
		"text is poison":               {"hello", "not an envelope"},
		"nothing is poison":            {"", "not an envelope"},
		"two envelopes are poison":     {good + good, "after top-level value"},
		"no id is poison":              {strings.Replace(good, `"id"`, `"idd"`, 1), "id is missing"},
		"no tenant is poison":          {strings.Replace(good, "tn_1", "", 1), "tenant is missing"},
		"another mode is poison":       {strings.Replace(good, `"test"`, `"prod"`, 1), "mode is"},
		"no shipment is poison":        {strings.Replace(good, `"shipment":"shp_1"`, `"shipment":""`, 1), "shipment is missing"},
		"a negative version is poison": {strings.Replace(good, `"version":2`, `"version":-2`, 1), "version is negative"},
		"no type is poison":            {strings.Replace(good, `"book"`, `""`, 1), "type is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.body)
			if reason, ok := IsPoison(err); !ok || !strings.Contains(reason, c.reason) {
				t.Errorf("got %v, want %q", err, c.reason)
			}
		})
	}
}

// A newer release sends more, while an older one still receives.
func TestDecodeIgnoresWhatANewerReleaseAdds(t *testing.T) {
	want := envelope()
	body, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(strings.Replace(body, `{`, `{"trace":{"since":"the next release"},`, 1))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"id":"a"}`)
	f.Fuzz(func(t *testing.T, body string) {
		e, err := Decode(body)
		if _, ok := IsPoison(err); err != nil && !ok {
			t.Errorf("%q: %v is no reason", body, err)
		}
		if err == nil && (e.Tenant == "" || e.Shipment == "") {
			t.Errorf("%q was accepted", body)
		}
	})
}
