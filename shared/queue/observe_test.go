package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/obs"
)

func TestEveryMessageIsOneLine(t *testing.T) {
	good, err := Encode(envelope())
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Now().Add(-90 * time.Second)
	run := func(t *testing.T, dead DeadLetter, body string, h Handler) map[string]any {
		t.Helper()
		var log bytes.Buffer
		ev := batch(t, body)
		ev.Records[0].Attributes["SentTimestamp"] = fmt.Sprint(sent.UnixMilli())
		c := Consumer{Handle: h, Dead: dead, NewID: ids(), Log: obs.Logger(&log, "info", "f", "stack")}
		if _, err := c.Lambda(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Fatalf("%d lines: %s", n, &log)
		}
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] != "message" || line["queue"] != "callback-retries" || line["Messages"] != 1.0 || line["Queue"] != "callback-retries" || line["ms"] == nil || line["aws_ms"] == nil {
			t.Errorf("%v", line)
		}
		if age, _ := line["MessageAge"].(float64); age < 90 || age > 120 || line["age_ms"].(float64) < 90_000 {
			t.Errorf("it is said to be %v s old", line["MessageAge"])
		}
		return line
	}
	want := func(t *testing.T, line map[string]any, fields map[string]any) {
		t.Helper()
		for k, v := range fields {
			if line[k] != v {
				t.Errorf("%s is %v, not %v", k, line[k], v)
			}
		}
	}
	t.Run("one that is done, with what its handler noted", func(t *testing.T) {
		line := run(t, &grave{}, good, func(ctx context.Context, _ Message) error { obs.Note(ctx, "carrier", "ups"); return nil })
		want(t, line, map[string]any{"level": "INFO", "outcome": "done", "carrier": "ups", "tenant": "tn_1", "mode": "test", "shipment": "shp_1", "correlation_id": "c", "message": "shp_1#2", "type": "book", "received": 3.0})
	})
	t.Run("the handler's word for how it ended", func(t *testing.T) {
		line := run(t, &grave{}, good, func(ctx context.Context, _ Message) error { obs.Note(ctx, "outcome", "Done"); return nil })
		want(t, line, map[string]any{"outcome": "Done"})
	})
	t.Run("one that failed, whatever its handler noted before", func(t *testing.T) {
		line := run(t, &grave{}, good, func(ctx context.Context, _ Message) error {
			obs.Note(ctx, "outcome", "Done")
			return errors.New("no table")
		})
		want(t, line, map[string]any{"level": "ERROR", "outcome": "failed", "error": "no table", "MessagesFailed": 1.0, "MessagesBuried": nil})
	})
	t.Run("one whose handler panicked", func(t *testing.T) {
		line := run(t, &grave{}, good, func(context.Context, Message) error { panic("oops") })
		if want(t, line, map[string]any{"outcome": "failed"}); !strings.Contains(line["error"].(string), "oops") {
			t.Errorf("%v", line["error"])
		}
	})
	t.Run("poison, with its reason", func(t *testing.T) {
		line := run(t, &grave{}, "junk", nil)
		if want(t, line, map[string]any{"level": "WARN", "outcome": "buried", "MessagesBuried": 1.0, "MessagesFailed": nil}); !strings.Contains(line["reason"].(string), "not an envelope") {
			t.Errorf("%v", line["reason"])
		}
	})
	t.Run("poison that can't be buried failed", func(t *testing.T) {
		line := run(t, &grave{err: errors.New("full")}, "junk", nil)
		want(t, line, map[string]any{"level": "ERROR", "outcome": "failed", "MessagesFailed": 1.0, "MessagesBuried": nil})
	})
	t.Run("one about a batch says so", func(t *testing.T) {
		line := run(t, &grave{}, strings.Replace(good, `"shipment":"shp_1"`, `"shipment":"bat_1"`, 1), func(context.Context, Message) error { return nil })
		want(t, line, map[string]any{"batch": "bat_1", "shipment": nil})
	})
}
