package callback_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// clock stops the time of the service and the deliverer, and returns what moves it.
func (w *world) clock() func(time.Duration) {
	var mu sync.Mutex
	var ahead time.Duration
	began := time.Now()
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return began.Add(ahead)
	}
	w.service.Now, w.deliverer.Now, w.fanOut.Now = now, now, now
	return func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		ahead += d
	}
}

// rotate asks for a new secret.
func (w *world) rotate(id, body string) v1.CallbackEndpointWithSecret {
	w.t.Helper()
	resp := w.do(w.service.Rotate, w.ask(id, body))
	asSchema(w.t, "CallbackEndpointWithSecret", resp.Body)
	if resp.Status != http.StatusOK || !slices.Equal(resp.Secret, []string{"secret"}) {
		w.t.Errorf("status %d, secret members %v", resp.Status, resp.Secret)
	}
	return resp.Body.(v1.CallbackEndpointWithSecret)
}

// verifies tells which of some secrets a delivery verifies with, by the standard's own library, and how many
// signatures it has.
func verifies(t *testing.T, a arrival, secrets ...string) (which []bool, signatures int) {
	t.Helper()
	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		which = append(which, hook.Verify(a.body, a.header) == nil)
	}
	return which, len(strings.Split(a.header.Get("webhook-signature"), " "))
}

func TestRotate(t *testing.T) {
	r := newReceiver(t, answering(204))
	w := newWorld(t, r.Certificate())
	pass := w.clock()
	id, first := w.endpoint(r.URL)
	n := 0
	deliver := func() arrival {
		n++
		w.deliver(w.fan(w.event(n, "shipment.booked"))[0])
		got := r.arrivals()
		return got[len(got)-1]
	}
	expect := func(t *testing.T, want []bool, secrets ...string) {
		t.Helper()
		which, signatures := verifies(t, deliver(), secrets...)
		live := 0
		for _, ok := range want {
			if ok {
				live++
			}
		}
		if !slices.Equal(which, want) || signatures != live {
			t.Errorf("verifies with %v in %d signatures, want %v", which, signatures, want)
		}
	}
	expect(t, []bool{true}, first)

	got := w.rotate(id, `{"overlap_s":3600}`)
	second := got.Secret
	if second == first || got.OldSecretExpiresAt == nil || w.get(id).OldSecretExpiresAt == nil {
		t.Fatalf("got %+v", got)
	}
	pass(callback.Standard().Keep)
	t.Run("both sign during the overlap, also when they were read before its end", func(t *testing.T) {
		expect(t, []bool{true, true}, first, second)
	})
	t.Run("the old one ends to the moment, though the process has kept it", func(t *testing.T) {
		pass(time.Hour - callback.Standard().Keep - 50*time.Second) // of the hour 50 seconds are left, and it keeps for 60
		expect(t, []bool{true, true}, first, second)
		pass(49 * time.Second)
		expect(t, []bool{true, true}, first, second)
		pass(time.Second)
		expect(t, []bool{false, true}, first, second)
		if w.get(id).OldSecretExpiresAt != nil {
			t.Error("it is still said to sign")
		}
	})
	var third string
	t.Run("the overlap is a day unless it is said", func(t *testing.T) {
		got := w.rotate(id, "")
		third = got.Secret
		if left := time.Until(*got.OldSecretExpiresAt); left < 24*time.Hour || left > 26*time.Hour { // the clock is an hour ahead
			t.Errorf("%v are left", left)
		}
		stored, err := w.store.EndpointNow(t.Context(), w.tenant, id)
		if err != nil || len(stored.Secrets) != 2 {
			t.Errorf("%d secrets are stored: the one that has ended is among them; %v", len(stored.Secrets), err)
		}
	})
	t.Run("a second rotation breaks no promise of the first, and a third waits", func(t *testing.T) {
		before := *w.get(id).OldSecretExpiresAt
		fourth := w.rotate(id, `{"overlap_s":604800}`)
		pass(callback.Standard().Keep)
		expect(t, []bool{true, true, true}, second, third, fourth.Secret)
		stored, _ := w.store.EndpointNow(t.Context(), w.tenant, id)
		if len(stored.Secrets) != 3 || !stored.Secrets[2].Until.Equal(before) {
			t.Errorf("the first promise: until %v, not %v", stored.Secrets[2].Until, before)
		}
		status, said := failed(w.service.Rotate(t.Context(), w.ask(id, `{"overlap_s":60}`)))
		if status != 409 || said[0] != "too_many_secrets" {
			t.Errorf("got %d %s", status, said)
		}
	})
	t.Run("no overlap ends the earlier ones at once", func(t *testing.T) {
		last := w.rotate(id, `{"overlap_s":0}`)
		if last.OldSecretExpiresAt != nil {
			t.Errorf("until %v", last.OldSecretExpiresAt)
		}
		pass(callback.Standard().Keep)
		expect(t, []bool{false, false, true}, second, third, last.Secret)
	})
	for name, body := range map[string]string{"too long": `{"overlap_s":604801}`, "negative": `{"overlap_s":-1}`, "a text": `{"overlap_s":"1"}`, "unknown": `{"overlap":1}`} {
		t.Run("an overlap that is "+name+" is refused", func(t *testing.T) {
			if status, _ := failed(w.service.Rotate(t.Context(), w.ask(id, body))); status != 422 {
				t.Errorf("got %d", status)
			}
		})
	}
}

// unheard is a store whose first answer to a rotation is lost, so that it is asked again.
type unheard struct{ *dynamo.Store }

func (u unheard) ReplaceSecrets(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next []callback.Secret) (callback.Endpoint, error) {
	if e, err := u.Store.ReplaceSecrets(ctx, tenant, mode, id, seen, next); err != nil {
		return e, err
	}
	return u.Store.ReplaceSecrets(ctx, tenant, mode, id, seen, next)
}

func TestALostAnswerToARotationIsOneRotation(t *testing.T) {
	w := newWorld(t)
	id, _ := w.endpoint("https://example.com/")
	w.service.Store = unheard{w.store}
	if _, _, err := w.service.RotateSecret(t.Context(), w.tenant, ship.Live, id, time.Hour); err != nil {
		t.Fatal(err)
	}
	if e, err := w.store.EndpointNow(t.Context(), w.tenant, id); err != nil || len(e.Secrets) != 2 {
		t.Errorf("%d secrets, %v; want the new one and the old one", len(e.Secrets), err)
	}
}

func TestRotateTogether(t *testing.T) { dynamotest.Each(t, testRotateTogether) }

func testRotateTogether(t *testing.T) {
	w := newWorld(t)
	id, _ := w.endpoint("https://example.com/")
	var group sync.WaitGroup
	var mu sync.Mutex
	rotated := 0
	for i := range 6 {
		group.Go(func() {
			var err error
			if i%2 == 0 {
				_, _, err = w.service.RotateSecret(t.Context(), w.tenant, ship.Live, id, time.Hour)
			} else {
				_, err = w.service.UpdateEndpoint(t.Context(), w.tenant, ship.Live, id, callback.EndpointChange{Events: &[]string{"shipment.booked"}})
			}
			mu.Lock()
			defer mu.Unlock()
			if e, ok := errors.AsType[*api.Error](err); i%2 == 0 && err == nil {
				rotated++
			} else if err != nil && !(ok && e.Code == "too_many_secrets") {
				t.Error(err)
			}
		})
	}
	group.Wait()
	e, err := w.store.EndpointNow(t.Context(), w.tenant, id)
	if err != nil || rotated != 2 || len(e.Secrets) != 3 || len(e.Events) != 1 {
		t.Errorf("%d were told of a new secret, %d are stored; %v", rotated, len(e.Secrets), err)
	}
}
