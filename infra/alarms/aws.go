package alarms

// Metric is a metric of AWS's own, as far as the alarms use it.
type Metric struct {
	Namespace, Name string
	Unit            string
	Dimensions      []string // exactly these
	Stats           []string // that make sense
	Source          string   // where AWS says so
}

const (
	apiGatewayMetrics = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"
	lambdaMetrics     = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
	sqsMetrics        = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
)

// OfAWS are the metrics of AWS that the alarms use. They are not emitted by anything here: what is told of them is what AWS
// documents, and nothing on a laptop shows that it is so.
var OfAWS = []Metric{
	{"AWS/ApiGateway", "5XXError", "Count", []string{"ApiName", "Stage"}, []string{"Sum", "Average"}, apiGatewayMetrics},
	{"AWS/ApiGateway", "4XXError", "Count", []string{"ApiName", "Stage"}, []string{"Sum", "Average"}, apiGatewayMetrics},
	{"AWS/ApiGateway", "Count", "Count", []string{"ApiName", "Stage"}, []string{"SampleCount"}, apiGatewayMetrics},
	{"AWS/Lambda", "Errors", "Count", []string{"FunctionName"}, []string{"Sum"}, lambdaMetrics},
	{"AWS/Lambda", "Throttles", "Count", []string{"FunctionName"}, []string{"Sum"}, lambdaMetrics},
	{"AWS/Lambda", "IteratorAge", "Milliseconds", []string{"FunctionName"}, []string{"Maximum", "Average"}, lambdaMetrics},
	{"AWS/SQS", "ApproximateAgeOfOldestMessage", "Seconds", []string{"QueueName"}, []string{"Maximum", "Average"}, sqsMetrics},
}
