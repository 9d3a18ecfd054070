package dynamo_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestRequests(t *testing.T) { dynamotest.Each(t, testRequests) }

func testRequests(t *testing.T) {
	s := dynamotest.New(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	execution := func(key, owner string) api.Execution {
		return api.Execution{Mode: ship.Test, Operation: "createThing", Key: key, Fingerprint: "fp", Owner: owner, Begun: now, Lease: now.Add(time.Minute), Expires: now.Add(api.KeyLife)}
	}
	begin := func(t *testing.T, x api.Execution, instead string) *api.Execution {
		t.Helper()
		standing, err := s.BeginRequest(t.Context(), "tn_1", x, instead)
		must(t, err)
		return standing
	}
	keep := func(t *testing.T, x api.Execution, a api.Answer) *api.Execution {
		t.Helper()
		standing, err := s.KeepAnswer(t.Context(), "tn_1", x, a)
		must(t, err)
		return standing
	}
	answer := api.Answer{Status: 201, Header: map[string]string{"ETag": `"1"`}, MediaType: "application/x", Body: json.RawMessage(`{"id":"th_1"}`), Raw: []byte{0xff}, Made: "th_1", Secret: []string{"secret"}}

	t.Run("the first begins, and others see what stands there, to the last attribute", func(t *testing.T) {
		first := execution("a", "one")
		if got := begin(t, first, ""); got != nil {
			t.Fatalf("got %+v", got)
		}
		if diff := cmp.Diff(&first, begin(t, execution("a", "two"), "")); diff != "" {
			t.Error(diff)
		}
		if got := keep(t, first, answer); got != nil {
			t.Fatalf("got %+v", got)
		}
		first.Answer = &answer
		if diff := cmp.Diff(&first, begin(t, execution("a", "two"), "")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("who has an answer can't be replaced, not even by who saw it without one", func(t *testing.T) {
		x := execution("b", "one")
		begin(t, x, "")
		keep(t, x, answer)
		if got := begin(t, execution("b", "two"), "one"); got == nil || got.Answer == nil || got.Owner != "one" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("who has none is replaced by who names it, once", func(t *testing.T) {
		begin(t, execution("c", "one"), "")
		if got := begin(t, execution("c", "two"), "one"); got != nil {
			t.Fatalf("got %+v", got)
		}
		if got := begin(t, execution("c", "three"), "one"); got == nil || got.Owner != "two" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the one that was replaced changes nothing, and sees by whom", func(t *testing.T) {
		one, two := execution("d", "one"), execution("d", "two")
		begin(t, one, "")
		begin(t, two, "one")
		must(t, s.ReleaseRequest(t.Context(), "tn_1", one))
		must(t, s.ForgetRequest(t.Context(), "tn_1", one))
		if got := keep(t, one, answer); got == nil || got.Owner != "two" || got.Answer != nil || !got.Lease.Equal(two.Lease) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an answer is kept once, and nothing removes it before its time", func(t *testing.T) {
		x := execution("e", "one")
		begin(t, x, "")
		keep(t, x, answer)
		must(t, s.ReleaseRequest(t.Context(), "tn_1", x))
		must(t, s.ForgetRequest(t.Context(), "tn_1", x))
		if got := keep(t, x, api.Answer{Status: 204}); got == nil || got.Answer == nil || got.Answer.Status != 201 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a released one has no lease, a forgotten one is not there", func(t *testing.T) {
		x := execution("f", "one")
		begin(t, x, "")
		must(t, s.ReleaseRequest(t.Context(), "tn_1", x))
		if got := begin(t, execution("f", "two"), ""); got == nil || got.Lease.After(now) {
			t.Errorf("got %+v", got)
		}
		must(t, s.ForgetRequest(t.Context(), "tn_1", x))
		if got := keep(t, x, answer); got != nil {
			t.Errorf("got %+v", got)
		}
		if got := begin(t, execution("f", "two"), ""); got != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("releasing and forgetting what is not there make nothing", func(t *testing.T) {
		x := execution("g", "one")
		must(t, s.ReleaseRequest(t.Context(), "tn_1", x))
		must(t, s.ForgetRequest(t.Context(), "tn_1", x))
		if got := begin(t, x, ""); got != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("another tenant's, mode's or operation's is another", func(t *testing.T) {
		x := execution("h", "one")
		begin(t, x, "")
		live, other := execution("h", "two"), execution("h", "three")
		live.Mode, other.Operation = ship.Live, "createOther"
		foreign, err := s.BeginRequest(t.Context(), "tn_2", execution("h", "four"), "")
		if begin(t, live, "") != nil || begin(t, other, "") != nil || foreign != nil || err != nil {
			t.Error("they share a key")
		}
	})
	t.Run("an answer that does not fit is not written", func(t *testing.T) {
		x := execution("i", "one")
		begin(t, x, "")
		noise := make([]byte, 0, 600<<10)
		for i := range 600 << 10 {
			noise = append(noise, byte(i*i>>7^i*2654435761>>13))
		}
		if _, err := s.KeepAnswer(t.Context(), "tn_1", x, api.Answer{Status: 200, Raw: noise}); !errors.Is(err, api.ErrAnswerTooLarge) {
			t.Fatalf("got %v", err)
		}
		if got := begin(t, execution("i", "two"), ""); got == nil || got.Answer != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("cost a write unit to begin and one to keep a small answer", func(t *testing.T) {
		x := execution("j", "one")
		m := metered(s)
		_, err := m.store.BeginRequest(t.Context(), "tn_1", x, "")
		must(t, err)
		_, err = m.store.KeepAnswer(t.Context(), "tn_1", x, api.Answer{Status: 201, Body: json.RawMessage(`{"id":"` + strings.Repeat("x", 1500) + `"}`)})
		must(t, err)
		if got := m.units; got != 2 {
			t.Errorf("%v write units", got)
		}
	})
}
