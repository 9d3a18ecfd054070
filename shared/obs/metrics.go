package obs

// Name names a metric.
type Name string

// Measured is the unit of a metric, as CloudWatch names it.
type Measured string

// The units.
const (
	Count        Measured = "Count"
	Milliseconds Measured = "Milliseconds"
	Seconds      Measured = "Seconds"
)

// The dimensions that a metric may have besides Stack.
const (
	Carrier = "Carrier"
	Queue   = "Queue"
	Class   = "Class"
	Code    = "Code"
	Outcome = "Outcome"
)

// Dimension is a dimension of metrics.
type Dimension struct {
	Name   string
	Most   int    // how many values it may have; a metric is paid for by each
	Values string // which they are
}

// Dimensions are those that metrics have besides Stack. None grows with the tenants.
var Dimensions = []Dimension{
	{Carrier, 10, "the carrier's name, such as ups"},
	{Queue, 10, "the queue's role: urgent, standard, bulk, slow, batches, recovery, events, callbacks, callback-retries; relay for what could not be relayed"},
	{Class, 5, "of the status: 2xx, 3xx, 4xx, 429 or 5xx"},
	{Code, 4, "idempotency_key_reused, reference_taken, request_in_flight or version_mismatch"},
	{Outcome, 6, "how it ended; the metric says which there are"},
}

//go:generate go run ../../infra/cmd/genmetrics ../../infra/docs/metrics.md

// The metrics; the table Metrics explains them.
const (
	Requests   Name = "Requests"
	RequestMs  Name = "RequestMs"
	Conflicts  Name = "Conflicts"
	KeyChecks  Name = "KeyChecks"
	Operations Name = "Operations"

	Messages       Name = "Messages"
	MessagesFailed Name = "MessagesFailed"
	MessagesBuried Name = "MessagesBuried"
	MessageAge     Name = "MessageAge"

	BookingCalls            Name = "BookingCalls"
	BookingsDone            Name = "BookingsDone"
	BookingsRefused         Name = "BookingsRefused"
	BookingsUnknown         Name = "BookingsUnknown"
	BookingsNotSent         Name = "BookingsNotSent"
	BookingsThrottled       Name = "BookingsThrottled"
	BookingsUnauthenticated Name = "BookingsUnauthenticated"
	CarrierMs               Name = "CarrierMs"
	BookingMs               Name = "BookingMs"
	ClaimsRefused           Name = "ClaimsRefused"
	ResultsRefused          Name = "ResultsRefused"
	LateNumbers             Name = "LateNumbers"
	CarrierHangs            Name = "CarrierHangs"
	Logins                  Name = "Logins"
	LoginsRefused           Name = "LoginsRefused"
	LoginsFailed            Name = "LoginsFailed"

	Changes          Name = "Changes"
	ChangesFailed    Name = "ChangesFailed"
	RelayMs          Name = "RelayMs"
	ShipmentsUnknown Name = "ShipmentsUnknown"
	ShipmentsHeld    Name = "ShipmentsHeld"
	Duplicates       Name = "Duplicates"

	Callbacks  Name = "Callbacks"
	CallbackMs Name = "CallbackMs"

	WakeRuns    Name = "WakeRuns"
	Woken       Name = "Woken"
	WakeFailed  Name = "WakeFailed"
	OpenOverdue Name = "OpenOverdue"
	QueueDepth  Name = "QueueDepth"
	DeadLetters Name = "DeadLetters"
)

// Metric is one metric of namespace Fairlead.
type Metric struct {
	Name      Name
	Unit      Measured
	Dimension string // besides Stack; "" for none
	Meaning   string
	From      string // the functions that emit it
}

// Metrics is every metric there is; infra/docs/metrics.md is generated from it, and infra/alarms.yaml held against it.
var Metrics = []Metric{
	{Requests, Count, Class, "requests that a function answered, by the class of the status", "the API's functions"},
	{RequestMs, Milliseconds, "", "how long a request took; requests that wait for an outcome, or ask a carrier, are left out", "the API's functions"},
	{Conflicts, Count, Code, "requests that were refused because another came first: under the same key or reference, or with a newer version", "the API's functions"},
	{KeyChecks, Count, Outcome, "API keys that were looked up: known, refused, or failed (not to be checked)", "authorizer"},
	{Operations, Count, Outcome, "operators' calls: done or failed", "operators' functions"},

	{Messages, Count, Queue, "messages received", "the queues' functions"},
	{MessagesFailed, Count, Queue, "messages that will be received again", "the queues' functions"},
	{MessagesBuried, Count, Queue, "messages that no retry can mend, put on the dead-letter queue", "the queues' functions"},
	{MessageAge, Seconds, Queue, "age of a message when it is received, its delay included", "the queues' functions"},

	{BookingCalls, Count, Carrier, "booking calls to a carrier; each ends as one of the six that follow", "book-shipment"},
	{BookingsDone, Count, Carrier, "booking calls that the carrier said yes to", "book-shipment"},
	{BookingsRefused, Count, Carrier, "booking calls that the carrier refused for good", "book-shipment"},
	{BookingsUnknown, Count, Carrier, "booking calls whose outcome is not known", "book-shipment"},
	{BookingsNotSent, Count, Carrier, "booking calls of which nothing left", "book-shipment"},
	{BookingsThrottled, Count, Carrier, "booking calls that the carrier put off (429)", "book-shipment"},
	{BookingsUnauthenticated, Count, Carrier, "booking calls whose token the carrier refused, after it was refreshed", "book-shipment"},
	{CarrierMs, Milliseconds, Carrier, "how long a booking call took", "book-shipment"},
	{BookingMs, Milliseconds, Carrier, "time from the order's confirmation to its booking", "book-shipment"},
	{ClaimsRefused, Count, "", "booking messages that found their shipment taken, done or not due", "book-shipment"},
	{ResultsRefused, Count, "", "results that found the shipment in other hands", "book-shipment"},
	{LateNumbers, Count, "", "tracking numbers that came too late and were kept", "book-shipment, recover-shipment"},
	{CarrierHangs, Count, Carrier, "times that a carrier was taken for one that hangs", "book-shipment"},
	{Logins, Count, Carrier, "logins at a carrier", "all that call carriers"},
	{LoginsRefused, Count, Carrier, "logins that the carrier refused for good: a person must look at the credentials", "all that call carriers"},
	{LoginsFailed, Count, Carrier, "logins that came to nothing else", "all that call carriers"},

	{Changes, Count, "", "changes of shipments and batches that were relayed", "relay-events"},
	{ChangesFailed, Count, "", "changes that could not be relayed, and are read again", "relay-events"},
	{RelayMs, Milliseconds, "", "time from a change to its relay", "relay-events"},
	{ShipmentsUnknown, Count, "", "shipments whose outcome became unknown", "relay-events"},
	{ShipmentsHeld, Count, "", "shipments that began to wait for a person", "relay-events"},
	{Duplicates, Count, "", "shipments found to have a second live number at the carrier", "relay-events"},

	{Callbacks, Count, Outcome, "callback messages by what came of them: delivered, delivered_before, retry, failed, gone or deferred", "deliver-callback"},
	{CallbackMs, Milliseconds, "", "how long an attempt to deliver took", "deliver-callback"},

	{WakeRuns, Count, "", "runs of the schedule", "wake"},
	{Woken, Count, "", "shipments that were overdue and sent again", "wake"},
	{WakeFailed, Count, "", "shipments that were overdue and could not be sent again", "wake"},
	{OpenOverdue, Seconds, "", "how long the oldest open shipment is overdue, 0 when none is", "wake"},
	{QueueDepth, Count, Queue, "messages that wait in a queue, those with a delay included", "wake"},
	{DeadLetters, Count, Queue, "messages in a queue's dead-letter queue", "wake"},
}

// Lookup finds a metric by its name.
func Lookup(name Name) (Metric, bool) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func dimensionOf(name Name) string {
	m, _ := Lookup(name)
	return m.Dimension
}
