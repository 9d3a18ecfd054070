package main

// Prices: AWS price list us-east-1 as of November 2024, on demand, without free tiers or volume discounts. Each is
// millionths of a dollar for a million units. Lambda's reads of a stream are free.
const (
	pricesAsOf = "AWS price list us-east-1, November 2024"

	priceWriteUnit     = 625_000    // DynamoDB, write request units
	priceReadUnit      = 125_000    // DynamoDB, read request units
	priceLambdaRequest = 200_000    // Lambda, requests
	priceGBSecond      = 13_333_400 // Lambda on arm64, GB-seconds
	priceRESTCall      = 3_500_000  // API Gateway, REST API calls
	priceHTTPCall      = 1_000_000  // API Gateway, HTTP API calls
	priceSQSRequest    = 400_000    // SQS standard queues, requests of up to 64 KB
	priceKMSRequest    = 3_000_000  // KMS, requests
	priceS3Put         = 5_000_000  // S3 Standard, PUT requests
	priceLogByte       = 500        // CloudWatch Logs, bytes taken in
)

// The goals: what a million bookings through the REST API may cost, in millionths of a dollar.
const (
	goal        = 14_000_000 // one call each
	goalBatches = 10_500_000 // through batches of 100
)

// What a function waits for, in microseconds. These are assumptions: on one machine everything is near.
const (
	waitDynamoDB = 5_000   // one call
	waitSQS      = 10_000  // one call
	waitS3       = 20_000  // one call
	waitBooked   = 500_000 // one that waits for the label: queue, booking, and the next look
	waitCarrier  = 200_000 // the booking call with its connection
	waitEndpoint = 100_000 // one callback
)

const (
	// fullCPU is the memory in MB at which Lambda gives a function one whole processor; with less it gets its share.
	fullCPU = 1769
	// batch is how many messages a function gets at once when there is much to do.
	batch = 10
	// rowsAtOnce is how many rows of a batch expand-batch creates side by side.
	rowsAtOnce = 10
	// bookingsPerKey is how many bookings share a KMS request of a process: it keeps a data key for 5 minutes, and
	// one booking a second is assumed.
	bookingsPerKey = 300
)
