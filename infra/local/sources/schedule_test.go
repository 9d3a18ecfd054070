package sources

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/local/localtest"
)

func TestSchedule(t *testing.T) {
	b := newBench(t)
	stop := run(t, (&Schedule{Place: here, Target: b.target(), Every: 50 * time.Millisecond}).Run)
	localtest.Eventually(t, "two invocations", func() bool { return len(localtest.Lines(t, b.journal)) >= 2 })
	stop()
	var ev map[string]any
	if err := json.Unmarshal([]byte(localtest.Lines(t, b.journal)[0]), &ev); err != nil {
		t.Fatal(err)
	}
	if ev["detail-type"] != "Scheduled Event" || ev["source"] != "aws.events" {
		t.Errorf("event %v", ev)
	}
	if _, err := time.Parse(time.RFC3339, ev["time"].(string)); err != nil {
		t.Error(err)
	}
}
