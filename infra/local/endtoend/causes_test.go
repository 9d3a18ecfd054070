package endtoend_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// causes brings about what each alarm is there for.
var causes = map[string]func(*testing.T, *watcher, *simulator){
	"ApiErrors":        unreadableShipment,
	"ApiSlow":          slowDatabase,
	"BookingsUnknown":  lostAnswers,
	"BulkWaits":        waited("book-shipment", "bulk", 2*time.Hour),
	"CallbacksFailing": deadEndpoints,
	"CallbacksWait":    waited("deliver-callback", "callbacks", 20*time.Minute),
	"CarrierHangs":     hangingCarrier,
	"DeadLettersWait":  poisonMessage,
	"Duplicates":       secondNumber,
	"KeysUnchecked":    unreadableKey,
	"LimitsOpen":       slowDatabase,
	"LoginsRefused":    refusedLogins,
	"MessagesFailing":  failingMessages,
	"QueueDeep":        backlog,
	"RecoveryWaits":    waited("recover-shipment", "recovery", time.Hour),
	"ShipmentsHeld":    unsettledVoid,
	"ShipmentsOverdue": forgottenShipment,
	"StandardWaits":    waited("book-shipment", "standard", 30*time.Minute),
	"UrgentWaits":      waited("book-shipment", "urgent", 30*time.Minute),
	"WakeFailing":      forgottenShipment,
	"WakeStopped":      stoppedStack,
}

// last are the alarms whose causes disturb everything else, in their order.
var last = []string{"ApiSlow", "LimitsOpen", "WakeStopped"}

func text(s string) dynamotypes.AttributeValue { return &dynamotypes.AttributeValueMemberS{Value: s} }
func number(n int64) dynamotypes.AttributeValue {
	return &dynamotypes.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

// put writes an item as no code of ours would.
func (w *watcher) put(t *testing.T, table string, item map[string]dynamotypes.AttributeValue) {
	t.Helper()
	if _, err := w.Database().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("fairlead-" + table), Item: item}); err != nil {
		t.Fatal(err)
	}
}

// unreadableShipment asks for an item of a format that is not known: 500.
func unreadableShipment(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Unreadable")
	w.put(t, "shipments", map[string]dynamotypes.AttributeValue{"pk": text(p.Tenant + "#test#shp_unreadable"), "st": text("booking"), "fv": number(99), "ver": number(1)})
	for range 5 {
		if a := p.call("GET", "/v1/shipments/shp_unreadable", nil, nil); a.Status != http.StatusInternalServerError {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
}

// failingMessages has a function try to book it.
func failingMessages(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Failing")
	w.put(t, "shipments", map[string]dynamotypes.AttributeValue{"pk": text(p.Tenant + "#test#shp_failing"), "st": text("booking"), "fv": number(99), "ver": number(1)})
	var ev events.SQSEvent
	for i := range 25 {
		ev.Records = append(ev.Records, record("standard", fmt.Sprint("m", i), p.message("book", "shp_failing", nil), 0))
	}
	var out events.SQSEventResponse
	if w.invoke("book-shipment", ev, &out); len(out.BatchItemFailures) != len(ev.Records) {
		t.Errorf("%d failed", len(out.BatchItemFailures))
	}
}

// record is a message as Lambda hands it to a function, sent so long ago.
func record(queue, id, body string, ago time.Duration) events.SQSMessage {
	return events.SQSMessage{MessageId: id, ReceiptHandle: "r", Body: body, EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:fairlead-" + queue,
		Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": fmt.Sprint(time.Now().Add(-ago).UnixMilli())}}
}

// waited hands a function messages that waited, as many as make up for those that did not, for as long as an alarm asks. They
// can't be handled for another reason; how old they are is measured all the same.
func waited(function, queue string, ago time.Duration) func(*testing.T, *watcher, *simulator) {
	return func(t *testing.T, w *watcher, _ *simulator) {
		ctx := t.Context()
		go func() {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for range 15 {
				var ev events.SQSEvent
				for i := range 20 {
					ev.Records = append(ev.Records, record(queue, fmt.Sprint("old", i), "{}", ago))
				}
				_ = w.Invoke(ctx, function, ev, &events.SQSEventResponse{}) // the alarm tells
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		}()
	}
}

// unreadableKey uses a key whose item can't be read.
func unreadableKey(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Unreadable key")
	id := strings.Split(p.Key, "_")[2]
	w.put(t, "accounts", map[string]dynamotypes.AttributeValue{"pk": text("KEY#" + id), "sk": text("key"), "fv": number(99)})
	for range 4 {
		req := events.APIGatewayCustomAuthorizerRequest{Type: "TOKEN", AuthorizationToken: "Bearer " + p.Key, MethodArn: "arn:aws:execute-api:us-east-1:1:api/dev/GET/v1/shipments"}
		if err := w.Invoke(t.Context(), "authorizer", req, &events.APIGatewayCustomAuthorizerResponse{}); err == nil {
			t.Error("a key that can't be read is known")
		}
	}
}

// lostAnswers books at a carrier whose answers get lost.
func lostAnswers(t *testing.T, w *watcher, sim *simulator) {
	p := w.shipper("Lost answers")
	for i := range 12 {
		ref := fmt.Sprint("lost-", i)
		sim.inject(t, booking.IDByReference(p.Tenant, ship.Test, ref), fault.Fault{Kind: fault.DropAfter, Operation: fault.Ship, Times: 1})
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed(ref), nil), 202)
	}
}

// hangingCarrier books at a carrier that takes as long as it may, so often that five calls fall into one span in which they are
// counted.
func hangingCarrier(t *testing.T, w *watcher, sim *simulator) {
	p := w.shipper("Hanging")
	for i := range 12 {
		ref := fmt.Sprint("hangs-", i)
		sim.inject(t, booking.IDByReference(p.Tenant, ship.Test, ref), fault.Fault{Kind: fault.Slow, Operation: fault.Ship, Times: 1, DelayMS: 1200})
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed(ref), nil), 202)
	}
}

// refusedLogins orders with credentials that the carrier has revoked. One at a time: those who wait for a login share it.
func refusedLogins(t *testing.T, w *watcher, sim *simulator) {
	p := w.shipper("Revoked")
	before := sim.Faults()
	if err := sim.SetFaults(append(before, fault.Fault{Kind: fault.Unauthorized, Operation: fault.Token})...); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.SetFaults(before...); err != nil {
			t.Error(err)
		}
	}()
	for i := range 6 {
		a := p.call("POST", "/v1/shipments", p.Confirmed(fmt.Sprint("revoked-", i)), waiting)
		if why, _ := a.JSON["error"].(map[string]any); why["code"] != "login_refused" {
			t.Fatalf("%s", a.Body)
		}
	}
}

// secondNumber lets a number come late, as a worker that held one would write it.
func secondNumber(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Twice")
	id := p.ordered("twice", "zpl", 1).Str("id")
	now := time.Now()
	if _, err := p.store().Late(t.Context(), p.Tenant, ship.Test, id, "1Z999AA10123456784", now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

// unsettledVoid has the carrier lose a void, and refuse it when it is asked again: nobody knows what became of the first.
func unsettledVoid(t *testing.T, w *watcher, sim *simulator) {
	p := w.shipper("Held")
	id := p.ordered("held", "zpl", 1).Str("id")
	sim.inject(t, id, fault.Fault{Kind: fault.DropBefore, Operation: fault.Void, Times: 1})
	sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Void, Times: 1, Code: "190102"})
	p.want(p.cancelWith(id, ""), 202, "")
}

// poisonMessage sends what can't be handled.
func poisonMessage(_ *testing.T, w *watcher, _ *simulator) { w.mailbox().send("events", "{no JSON") }

// backlog has more wait in a queue than its alarm bears.
func backlog(t *testing.T, w *watcher, _ *simulator) {
	m := w.mailbox()
	url := m.url("bulk")
	for range 201 {
		in := &sqs.SendMessageBatchInput{QueueUrl: url}
		for i := range 10 {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String("{}"), DelaySeconds: 900})
		}
		if out, err := m.client.SendMessageBatch(t.Context(), in); err != nil || len(out.Failed) > 0 {
			t.Fatal(err)
		}
	}
}

// deadEndpoints are told of many events and never answer well.
func deadEndpoints(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Dead endpoints")
	for range 4 {
		p.receiver(func(rw http.ResponseWriter, _ *http.Request, _ int) { rw.WriteHeader(http.StatusBadGateway) })
	}
	for i := range 8 {
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed(fmt.Sprint("unheard-", i)), nil), 202)
	}
}

// forgottenShipment is open, was due an hour ago and can't be read.
func forgottenShipment(t *testing.T, w *watcher, _ *simulator) {
	w.put(t, "shipments", map[string]dynamotypes.AttributeValue{"pk": text("tn_forgotten#test#shp_forgotten"), "st": text("booking"), "fv": number(99), "ver": number(1),
		"wk": text("w00"), "due": number(time.Now().Add(-time.Hour).UnixMilli())})
}

// slowDatabase stops the database for a while, with requests under way.
func slowDatabase(t *testing.T, w *watcher, _ *simulator) {
	p := w.shipper("Slow")
	pid := w.Where().Emulators["dynoxide"]
	if pid == 0 {
		t.Fatalf("no database among %v", w.Where().Emulators)
	}
	p.call("GET", "/v1/shipments?limit=1", nil, nil) // its key is known from here on
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for _, path := range []string{"/v1/shipments?limit=1", "/v1/shipments/shp_1", "/v1/batches", "/v1/carrier-accounts", "/v1/callback-endpoints", "/v1/api-keys"} {
		for range 5 { // each function has processes of its own
			wait.Go(func() {
				_, _ = p.Call(t.Context(), "GET", path, nil, nil) // the alarm tells
			})
		}
	}
	time.Sleep(3500 * time.Millisecond) // longer than the alarm lets requests take
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
}

// stoppedStack runs nothing any more, wake included.
func stoppedStack(_ *testing.T, w *watcher, _ *simulator) { w.Stop() }
