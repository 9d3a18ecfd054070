package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
	"github.com/fairlead/fairlead/shared/ship"
)

// index is an index of one shard with one shipment that is overdue, whose item can't be read.
type index struct {
	booking.Sleeper
	err error
}

func (i index) Open(_ context.Context, _ int, before time.Time, _ int) ([]booking.Record, error) {
	return []booking.Record{{Tenant: "tn_1", Mode: ship.Test, ID: "shp_1", Due: before.Add(-time.Minute)}}, i.err
}

// unreadable has items that a newer version wrote.
type unreadable struct{ booking.Reader }

func (unreadable) Record(context.Context, string, ship.Mode, string) (booking.Record, error) {
	return booking.Record{}, errors.New("format 9 is newer than this version reads")
}

// watch asks queues of which one is down, and answers 400.
func watch(t *testing.T, down string) *sqsqueue.Watch {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), "/"+down+`"`) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"Attributes":{"ApproximateNumberOfMessages":"3","ApproximateNumberOfMessagesDelayed":"0"}}`)
	}))
	t.Cleanup(srv.Close)
	client := sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
	return &sqsqueue.Watch{Client: client, URL: map[string]string{"urgent": srv.URL + "/urgent", "bulk": srv.URL + "/bulk"}}
}

func TestARunOfWake(t *testing.T) {
	for name, c := range map[string]struct {
		shards int
		unread error
		down   string
		fails  string // the error that Lambda is told
		level  string
		says   string // on the line
	}{
		"that finds nothing to do succeeds":                                {level: "INFO"},
		"that can't wake a shipment succeeds, and says so on its line":     {shards: 1, level: "ERROR", says: "1 shipments could not be woken"},
		"that can't ask a queue how much waits succeeds, and says so":      {down: "bulk", level: "ERROR", says: "asking how much waits in bulk"},
		"that can't read the index fails":                                  {shards: 1, unread: errors.New("no rights"), fails: "reading shard 0 of open: no rights", level: "ERROR", says: "no rights"},
		"that can't read the index fails, whatever else could not be done": {shards: 2, unread: errors.New("no rights"), down: "urgent", fails: "of open: no rights", level: "ERROR", says: "in urgent"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			log := obs.Logger(&b, "info", "wake", "stack-1")
			s := &schedule{log: log, watch: watch(t, c.down), waker: booking.Waker{Sleeper: index{err: c.unread}, Reader: unreadable{}, Shards: c.shards, Now: time.Now, Times: booking.StandardTimes(), Log: log}}
			err := s.run(t.Context())
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("failed with %v, want %q", err, c.fails)
			}
			line := wakeLine(t, &b)
			if said, _ := line["error"].(string); line["level"] != c.level || !strings.Contains(said, c.says) || (c.says == "") != (said == "") {
				t.Errorf("%v", line)
			}
			if failed := line["WakeFailed"]; c.shards == 1 && c.unread == nil && failed != 1.0 {
				t.Errorf("WakeFailed is %v", failed)
			}
		})
	}
}

// wakeLine is the run's own line.
func wakeLine(t *testing.T, lines io.Reader) map[string]any {
	t.Helper()
	for dec := json.NewDecoder(lines); ; {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal("no line of the run: ", err)
		}
		if line["msg"] == "wake" {
			return line
		}
	}
}
