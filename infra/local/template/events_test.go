package template

import (
	"crypto/md5" // as SQS does
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
)

// poisonous are the event files that hold what can't be read, on purpose.
var poisonous = []string{"poison-beside-good"}

// Every file under events/ is an event its function can get: from its own routes, queues, stream or schedule.
func TestEventsComeFromTheFunctionsOwnSources(t *testing.T) {
	for _, f := range ours(t, nil).Functions {
		files, err := filepath.Glob(filepath.Join(root, "events", f.Folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			t.Run(f.Folder+"/"+name, func(t *testing.T) {
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case f.Invoke == InvokeAuthorizer:
					ev := decodeEvent[events.APIGatewayCustomAuthorizerRequest](t, b)
					if ev.Type != "TOKEN" || ev.AuthorizationToken == "" || !strings.HasPrefix(ev.MethodArn, "arn:aws:execute-api:") {
						t.Errorf("not a TOKEN authorizer's event: %+v", ev)
					}
				case f.Invoke == InvokeOperator:
					decodeEvent[map[string]any](t, b)
				case len(f.Routes) > 0:
					checkProxyEvent(t, f, b)
				case len(f.Queues) > 0:
					checkQueueEvent(t, f, b, slices.Contains(poisonous, name))
				case len(f.Streams) > 0:
					checkStreamEvent(t, f, b)
				default:
					if ev := decodeEvent[events.EventBridgeEvent](t, b); ev.Source != "aws.events" {
						t.Errorf("not a schedule's event: %+v", ev)
					}
				}
			})
		}
	}
}

func decodeEvent[T any](t *testing.T, b []byte) T {
	t.Helper()
	var ev T
	if err := json.Unmarshal(b, &ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

func checkProxyEvent(t *testing.T, f Function, b []byte) {
	ev := decodeEvent[events.APIGatewayProxyRequest](t, b)
	i := slices.IndexFunc(f.Routes, func(r Route) bool { return r.Method == ev.HTTPMethod && r.Path == ev.Resource })
	if i < 0 || ev.RequestContext.ResourcePath != ev.Resource {
		t.Fatalf("%s %s is no route of %s", ev.HTTPMethod, ev.Resource, f.LogicalID)
	}
	path := ev.Resource
	for k, v := range ev.PathParameters {
		path = strings.ReplaceAll(path, "{"+k+"}", v)
	}
	if path != ev.Path {
		t.Errorf("path %s with parameters %v is not %s", ev.Path, ev.PathParameters, ev.Resource)
	}
	for _, k := range []string{"tenant", "mode", "key_id", "scopes"} {
		if v, _ := ev.RequestContext.Authorizer[k].(string); (v == "") != f.Routes[i].Open {
			t.Errorf("the authorizer's %s is %q, and the route is open to everybody: %v", k, v, f.Routes[i].Open)
		}
	}
}

func checkQueueEvent(t *testing.T, f Function, b []byte, poison bool) {
	ev := decodeEvent[events.SQSEvent](t, b)
	found := false
	for _, r := range ev.Records {
		parts := strings.Split(r.EventSourceARN, ":")
		if !slices.ContainsFunc(f.Queues, func(s QueueSource) bool { return s.QueueName == parts[len(parts)-1] }) {
			t.Errorf("%s is no source of %s", r.EventSourceARN, f.LogicalID)
		}
		e, err := queue.Decode(r.Body)
		if err != nil {
			if found = true; !poison {
				t.Errorf("%v: %s", err, r.Body)
			}
			continue
		}
		var hint booking.Hint
		if e.Type == booking.TypeBook || e.Type == booking.TypeRecover {
			if err := json.Unmarshal(e.Data, &hint); err != nil || hint.Request == "" {
				t.Errorf("a %s message without the fingerprint of its request (%v): %s", e.Type, err, r.Body)
			}
		}
		if sum := md5.Sum([]byte(r.Body)); r.Md5OfBody != hex.EncodeToString(sum[:]) {
			t.Errorf("md5OfBody of message %s is not that of its body", r.MessageId)
		}
	}
	if len(ev.Records) == 0 || found != poison {
		t.Errorf("%d messages, poison among them: %v, want %v", len(ev.Records), found, poison)
	}
}

func checkStreamEvent(t *testing.T, f Function, b []byte) {
	ev := decodeEvent[events.DynamoDBEvent](t, b)
	raw := decodeEvent[struct{ Records []json.RawMessage }](t, b)
	if len(ev.Records) == 0 {
		t.Error("no records")
	}
	for i, r := range ev.Records {
		if !strings.Contains(r.EventSourceArn, ":table/"+f.Streams[0].TableName+"/stream/") {
			t.Errorf("%s is no source of %s", r.EventSourceArn, f.LogicalID)
		}
		if !slices.ContainsFunc(f.Streams[0].Patterns, func(p string) bool { pass, err := Match(p, raw.Records[i]); return err == nil && pass }) {
			t.Errorf("record %d passes none of the filters %q", i, f.Streams[0].Patterns)
		}
		if r.Change.SequenceNumber == "" || r.Change.Keys["pk"].String() != r.Change.NewImage["pk"].String() {
			t.Errorf("record %d: sequence number or key is missing", i)
		}
	}
}
