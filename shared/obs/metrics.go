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
	Most   int      // how many values a metric may have of it; it is paid for by each
	Values []string // all that there are; nil when more come, as with a new carrier
	Says   string   // what it tells
}

// Dimensions are those that metrics have besides Stack. None grows with the tenants.
var Dimensions = []Dimension{
	{Carrier, 10, nil, "the carrier, such as ups"},
	{Queue, 10, []string{"urgent", "standard", "bulk", "slow", "batches", "recovery", "events", "callbacks", "callback-retries", "relay"}, "the queue by its role; relay, which is none, for what could not be relayed"},
	{Class, 6, []string{"2xx", "3xx", "4xx", "429", "5xx", "carrier"}, "the answer's status; 429 is not among 4xx, and carrier, which is 503 because a carrier can't be asked, not among 5xx"},
	{Code, 4, []string{"idempotency_key_reused", "reference_taken", "request_in_flight", "version_mismatch"}, "the error's code"},
	{Outcome, 6, []string{"known", "refused", "failed", "done", "delivered", "delivered_before", "retry", "gone", "deferred"}, "how it ended; each metric has some of these"},
}

//go:generate go run ../../infra/cmd/genmetrics ../../infra/docs/metrics.md

// The metrics; the table Metrics explains them.
const (
	Requests    Name = "Requests"
	RequestMs   Name = "RequestMs"
	Conflicts   Name = "Conflicts"
	KeyChecks   Name = "KeyChecks"
	Operations  Name = "Operations"
	LimitsLocal Name = "LimitsLocal"

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
	SlotMs                  Name = "SlotMs"
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
	Level     bool   // how much there is, not how much happened: its sum means nothing
}

// Metrics is every metric there is; infra/docs/metrics.md is generated from it, and infra/alarms.yaml held against it.
var Metrics = []Metric{
	{Requests, Count, Class, "requests that a function answered, by the class of the status", "the API's functions", false},
	{RequestMs, Milliseconds, "", "how long a request took; requests that wait for an outcome, or ask a carrier, are left out", "the API's functions", false},
	{Conflicts, Count, Code, "requests that were refused because another came first: under the same key or reference, or with a newer version", "the API's functions", false},
	{KeyChecks, Count, Outcome, "API keys that were looked up: known, refused, or failed (not to be checked)", "authorizer", false},
	{LimitsLocal, Count, "", "requests whose limit one process decided alone, because the store did not answer in time", "the API's functions", false},
	{Operations, Count, Outcome, "operators' calls: done or failed", "operators' functions", false},

	{Messages, Count, Queue, "messages received", "the queues' functions", false},
	{MessagesFailed, Count, Queue, "messages that will be received again", "the queues' functions", false},
	{MessagesBuried, Count, Queue, "messages that no retry can mend, put on the dead-letter queue", "the queues' functions", false},
	{MessageAge, Seconds, Queue, "age of a message when it is received, its delay included", "the queues' functions", false},

	{BookingCalls, Count, Carrier, "booking calls to a carrier; each ends as one of the six that follow", "book-shipment", false},
	{BookingsDone, Count, Carrier, "booking calls that the carrier said yes to", "book-shipment", false},
	{BookingsRefused, Count, Carrier, "booking calls that the carrier refused for good", "book-shipment", false},
	{BookingsUnknown, Count, Carrier, "booking calls whose outcome is not known", "book-shipment", false},
	{BookingsNotSent, Count, Carrier, "booking calls of which nothing left", "book-shipment", false},
	{BookingsThrottled, Count, Carrier, "booking calls that the carrier put off (429)", "book-shipment", false},
	{BookingsUnauthenticated, Count, Carrier, "booking calls whose token the carrier refused, after it was refreshed", "book-shipment", false},
	{CarrierMs, Milliseconds, Carrier, "how long a booking call took", "book-shipment", false},
	{SlotMs, Milliseconds, Carrier, "how long an order has to wait for its turn at a carrier with a limit", "book-shipment", false},
	{BookingMs, Milliseconds, Carrier, "time from the order's confirmation to its booking", "book-shipment", false},
	{ClaimsRefused, Count, "", "booking messages that found their shipment taken, done or not due", "book-shipment", false},
	{ResultsRefused, Count, "", "results that found the shipment in other hands", "book-shipment", false},
	{LateNumbers, Count, "", "tracking numbers that came too late and were kept", "book-shipment, recover-shipment", false},
	{CarrierHangs, Count, Carrier, "times that a carrier was taken for one that hangs", "book-shipment", false},
	{Logins, Count, Carrier, "logins at a carrier", "all that call carriers", false},
	{LoginsRefused, Count, Carrier, "logins that the carrier refused for good: a person must look at the credentials", "all that call carriers", false},
	{LoginsFailed, Count, Carrier, "logins that came to nothing else", "all that call carriers", false},

	{Changes, Count, "", "changes of shipments and batches that were relayed", "relay-events", false},
	{ChangesFailed, Count, "", "changes that could not be relayed, and are read again", "relay-events", false},
	{RelayMs, Milliseconds, "", "time from a change to its relay", "relay-events", false},
	{ShipmentsUnknown, Count, "", "shipments whose outcome became unknown", "relay-events", false},
	{ShipmentsHeld, Count, "", "shipments that began to wait for a person", "relay-events", false},
	{Duplicates, Count, "", "shipments found to have a second live number at the carrier", "relay-events", false},

	{Callbacks, Count, Outcome, "callback messages by what came of them: delivered, delivered_before, retry, failed, gone or deferred", "deliver-callback", false},
	{CallbackMs, Milliseconds, "", "how long an attempt to deliver took", "deliver-callback", false},

	{WakeRuns, Count, "", "runs of the schedule", "wake", false},
	{Woken, Count, "", "shipments that were overdue and sent again", "wake", false},
	{WakeFailed, Count, "", "shipments that were overdue and could not be sent again", "wake", false},
	{OpenOverdue, Seconds, "", "how long the oldest open shipment is overdue, 0 when none is", "wake", true},
	{QueueDepth, Count, Queue, "messages that wait in a queue, those with a delay included", "wake", true},
	{DeadLetters, Count, Queue, "messages in a queue's dead-letter queue", "wake", true},
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
