package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

func TestSlowCarriers(t *testing.T) { dynamotest.Each(t, testSlowCarriers) }

func testSlowCarriers(t *testing.T) {
	s := dynamotest.New(t)
	at := time.UnixMilli(1_800_000_000_123).UTC()
	slow := func(t *testing.T, carrier string, mode ship.Mode) time.Time {
		t.Helper()
		until, err := s.SlowUntil(t.Context(), carrier, mode)
		must(t, err)
		return until
	}
	must(t, s.MarkSlow(t.Context(), "ups", ship.Live, at))
	t.Run("a carrier that was marked is known, in its mode alone", func(t *testing.T) {
		if got := slow(t, "ups", ship.Live); !got.Equal(at) {
			t.Errorf("until %v, want %v", got, at)
		}
		if !slow(t, "ups", ship.Test).IsZero() || !slow(t, "sim", ship.Live).IsZero() {
			t.Error("another one is known to hang")
		}
	})
	t.Run("a later mark holds longer", func(t *testing.T) {
		must(t, s.MarkSlow(t.Context(), "ups", ship.Live, at.Add(time.Minute)))
		if got := slow(t, "ups", ship.Live); !got.Equal(at.Add(time.Minute)) {
			t.Errorf("until %v", got)
		}
	})
	t.Run("slow calls are counted by carrier, mode and time", func(t *testing.T) {
		for i, c := range []struct {
			carrier string
			mode    ship.Mode
			at      time.Time
			want    int64
		}{{"ups", ship.Live, at, 1}, {"ups", ship.Live, at, 2}, {"ups", ship.Test, at, 1}, {"sim", ship.Live, at, 1}, {"ups", ship.Live, at.Add(time.Minute), 1}, {"ups", ship.Live, at, 3}} {
			if n, err := s.CountSlow(t.Context(), c.carrier, c.mode, c.at); err != nil || n != c.want {
				t.Errorf("call %d is number %d, want %d: %v", i, n, c.want, err)
			}
		}
	})
	t.Run("of a newer item format it says so", func(t *testing.T) {
		setFormat(t, s.DB, s.Tables.Limits, attrKey("slow#ups#live", ""), dynamo.ItemFormat+1)
		if _, err := s.SlowUntil(t.Context(), "ups", ship.Live); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
	})
}
