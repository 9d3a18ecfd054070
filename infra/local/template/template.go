// Package template reads the SAM template, template.yaml, into plain Go values, so that the local runtime and the
// tests serve and check what deploys. It knows the intrinsic functions the template uses and refuses all others by
// name and line; every error is one line that says where and what to do.
package template

import "time"

// Options say how references that only exist after a deployment are answered.
type Options struct {
	// Parameters override the defaults of the template's parameters.
	Parameters map[string]string
	// StackName, Region and AccountID answer the pseudo parameters; empty ones get "fairlead", "us-east-1" and
	// "000000000000".
	StackName, Region, AccountID string
	// Attr, when set, is asked first for the value of an attribute of a resource; attr is "Ref" for a plain
	// reference. It returns false to leave the answer to this package.
	Attr func(logicalID, typ, attr string) (string, bool)
	// QueueURL, when set, gives the URL of a queue by its deployed name.
	QueueURL func(name string) string
}

// How a function without a route or an event source is reached.
const (
	InvokeAuthorizer = "authorizer" // by API Gateway, before a route
	InvokeOperator   = "operator"   // by an operator, through the Lambda Invoke API only
)

// Template is what the template declares, with every reference resolved. Each list is ordered by logical id.
type Template struct {
	Functions []Function
	Tables    []Table
	Queues    []Queue
	Buckets   []Bucket
	Keys      []Key
	LogGroups []LogGroup
	Alarms    []Alarm
	// Dashboards are the bodies of dashboards, as JSON.
	Dashboards []string
	API        API
	Outputs    map[string]string
	// Parameters are the values in force, defaults included.
	Parameters map[string]string
}

// Function is one Lambda function and everything that invokes it.
type Function struct {
	LogicalID string // BookShipment
	Name      string // as deployed: <stack>-book-shipment
	Folder    string // under functions/: book-shipment
	Timeout   time.Duration
	MemoryMB  int
	Env       map[string]string
	Invoke    string // "", InvokeAuthorizer or InvokeOperator
	Routes    []Route
	Queues    []QueueSource
	Streams   []StreamSource
	Schedules []Schedule
	// Policies are the statements of its role that allow something.
	Policies []Statement
	// LogGroup is the name of the log group it writes to, "" when the template names none.
	LogGroup string
}

// Route is one method and path of the API. Path is a template such as /v1/shipments/{id}. An open one asks for no key:
// its event says Auth: {Authorizer: NONE}. A metered one is counted by a usage plan: it is answered only when the
// authorizer names one of the API's UsageKeys.
type Route struct {
	Method, Path string
	Open         bool
	Metered      bool
}

// QueueSource is a queue whose messages invoke a function.
type QueueSource struct {
	Queue     string // logical id
	QueueName string // as deployed
	BatchSize int
	Window    time.Duration
	// MaxConcurrency is how many invocations may run at once; 0 is no limit.
	MaxConcurrency          int
	ReportBatchItemFailures bool
	Enabled                 bool
}

// StreamSource is a table whose stream invokes a function.
type StreamSource struct {
	Table                   string // logical id
	TableName               string // as deployed
	StartingPosition        string // TRIM_HORIZON or LATEST
	BatchSize               int
	Window                  time.Duration
	Retries                 int // -1: until the record expires
	Bisect                  bool
	ReportBatchItemFailures bool
	// Patterns are the filter's JSON patterns, as Match takes them: a record passes if any matches. None: all pass.
	Patterns []string
	Enabled  bool
}

// Schedule invokes a function at a fixed interval.
type Schedule struct {
	Every   time.Duration
	Enabled bool
}

// Statement is one thing a role allows.
type Statement struct {
	Actions, Resources []string
	LeadingKeys        []string // of a table, patterns of the partition keys that it is bound to; none: every key
}

// Attribute is an attribute of a key; Type is S, N or B.
type Attribute struct{ Name, Type string }

// Table is a DynamoDB table.
type Table struct {
	LogicalID string
	Name      string
	// Attributes are the attributes that keys use, Hash and Range the table's own key; Range may be "".
	Attributes  []Attribute
	Hash, Range string
	Indexes     []Index
	// StreamView is what the stream's records hold, "" without a stream.
	StreamView string
	// TTLAttribute is the attribute with the expiry time, "" without one.
	TTLAttribute string
}

// Index is a global secondary index. Range may be "".
type Index struct{ Name, Hash, Range, Projection string }

// Queue is an SQS queue.
type Queue struct {
	LogicalID  string
	Name       string
	Visibility time.Duration
	Retention  time.Duration
	// DLQ is the logical id of its dead-letter queue, DLQName the deployed name, both "" without one; a message
	// goes there when it was received MaxReceive times.
	DLQ, DLQName string
	MaxReceive   int
}

// Bucket is an S3 bucket.
type Bucket struct{ LogicalID, Name string }

// Key is a KMS key; ID is what Ref gives.
type Key struct{ LogicalID, ID, ARN string }

// LogGroup is a log group. RetentionDays is 0 when it keeps everything for ever.
type LogGroup struct {
	LogicalID, Name string
	RetentionDays   int
}

// API is the REST API.
type API struct {
	LogicalID  string
	Stage      string
	Authorizer Authorizer
	// BinaryMediaTypes are the media types whose bodies travel base64 encoded in proxy events.
	BinaryMediaTypes []string
	// Metered is what a route is that does not say.
	Metered bool
	// UsageKeys are the values of the API keys that usage plans count by.
	UsageKeys []string
	// GatewayResponses are the API's own errors, by response type (UNAUTHORIZED, DEFAULT_5XX, …).
	GatewayResponses map[string]GatewayResponse
}

// Authorizer is the API's default TOKEN authorizer.
type Authorizer struct {
	Function string // logical id
	Header   string // the header whose value is the token
	// Pattern is a regular expression the token must match, else the answer is UNAUTHORIZED without asking the
	// function; "" matches all.
	Pattern string
	// TTL is how long a result is cached by token; 0 is not at all.
	TTL time.Duration
}

// GatewayResponse is what the API answers without a function. Templates are by media type and may hold
// $context variables; Headers hold literal values, or $context variables to be filled in.
type GatewayResponse struct {
	Status    int
	Headers   map[string]string
	Templates map[string]string
}
