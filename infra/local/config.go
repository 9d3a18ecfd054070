// Package local runs the whole platform on this machine, with no Docker and no AWS account: it reads
// template.yaml, starts the emulators, creates what the template declares, runs the same Lambda programs that
// deploy as child processes, and serves their routes, queues, stream and schedules.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// What stands for the AWS account on this machine. The emulators know the account by this id.
const (
	stackName = "fairlead"
	accountID = "000000000000"
	region    = "us-east-1"
)

// Config says what to run and where.
type Config struct {
	Template string            // path of template.yaml
	Params   map[string]string // template parameters
	Bin      string            // folder with one program per function, built for this machine
	Data     string            // folder for everything that is kept
	Tools    string            // folder whose node_modules holds the emulators

	Listen     string // host:port of the API
	Admin      string // host:port of the Lambda Invoke API and of /_local/
	SimListen  string // host:port of the carrier simulator
	CarrierURL string // a carrier or simulator that runs elsewhere; no own one is started

	DynamoDBPort, QueuePort int // 0: any free port

	Instances     int           // processes per function at most, and batches at once per queue; 0 is 4
	ScheduleEvery time.Duration // replaces the interval of every schedule; 0 keeps the template's
	StopGrace     time.Duration // how long running invocations may go on when stopping; 0 is 5 s
	Meter         bool          // have the functions log what each DynamoDB call consumed
	NoSources     bool          // queues, stream and schedules invoke nothing
	NoFunctions   bool          // the data plane and the carrier simulator alone: no functions, no API and no sources

	// Simulator makes the carrier simulator, which keeps its journal in dir.
	Simulator func(dir string, log *slog.Logger) (Simulator, error)
	// Tee, when set, gets every line the functions write.
	Tee func(function, line string)
	Log *slog.Logger
}

// Simulator is the carrier simulator as the stack needs it.
type Simulator interface {
	http.Handler
	io.Closer
}

func (c Config) withDefaults() Config {
	if c.Instances == 0 {
		c.Instances = 4
	}
	if c.StopGrace == 0 {
		c.StopGrace = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// listen opens a port. flag names how to choose another one.
func listen(ctx context.Context, addr, what, flag string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is in use: stop what listens there, or choose another address with %s (make run ARGS=\"%s …\")", what, addr, flag, flag[strings.LastIndex(flag, " ")+1:])
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %q: %w; choose another address with %s", what, addr, err, flag)
	}
	return l, nil
}

// endpoints are where the AWS services answer. One that the environment names is somebody else's; the others
// are started here.
type endpoints struct{ DynamoDB, SQS, S3, KMS string }

func fromEnvironment() endpoints {
	named := func(service string) string {
		return strings.TrimSuffix(firstOf(os.Getenv("AWS_ENDPOINT_URL_"+service), os.Getenv("AWS_ENDPOINT_URL")), "/")
	}
	return endpoints{DynamoDB: named("DYNAMODB"), SQS: named("SQS"), S3: named("S3"), KMS: named("KMS")}
}

func (e endpoints) environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": e.DynamoDB, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": e.DynamoDB,
		"AWS_ENDPOINT_URL_SQS": e.SQS, "AWS_ENDPOINT_URL_S3": e.S3, "AWS_ENDPOINT_URL_KMS": e.KMS,
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// login is what the emulators take: anything. An outside endpoint gets the environment's own.
func login() map[string]string {
	out := map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if v := os.Getenv(name); v != "" && fromEnvironment() != (endpoints{}) {
			out[name] = v
		}
	}
	return out
}

// awsConfig is the stack's own configuration of the SDK.
func awsConfig(ctx context.Context) (aws.Config, error) {
	l := login()
	return config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithRetryMaxAttempts(5),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(l["AWS_ACCESS_KEY_ID"], l["AWS_SECRET_ACCESS_KEY"], l["AWS_SESSION_TOKEN"])))
}
