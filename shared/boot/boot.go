// Package boot is the composition root: environment, then clients, then ports, each made when it is first needed.
// It is the only package that knows everything; functions know only it and their operation.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/caarlos0/env/v11"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Environment is what a function is told by its template. Names are the template's.
type Environment struct {
	Stage         string `env:"STAGE" envDefault:"dev"`
	TimeSet       string `env:"TIME_SET" envDefault:"standard"`
	LogLevel      string `env:"LOG_LEVEL" envDefault:"info"`
	LabelBucket   string `env:"LABEL_BUCKET"`
	DataKeyID     string `env:"DATA_KEY_ID"`
	UPSTestURL    string `env:"UPS_TEST_URL"`
	UPSLiveURL    string `env:"UPS_LIVE_URL"`
	AllowLoopback bool   `env:"CALLBACK_ALLOW_LOOPBACK"` // set by the local stack only
	Meter         bool   `env:"METER"`                   // log consumed capacity; set by the local stack only
	Function      string `env:"AWS_LAMBDA_FUNCTION_NAME"`

	Tables dynamo.Tables
}

// App holds what a function's ports are made of.
type App struct {
	Env   Environment
	Times booking.Times
	Log   *slog.Logger

	aws    func() aws.Config
	store  func() *dynamo.Store
	box    func() *secret.Box // one, for it keeps the data keys it has unwrapped
	sender func() *sqsqueue.Sender
}

// Start reads the environment. A function that can't be configured must not start: it says why and ends.
func Start() *App {
	app, err := New(os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "fairlead:", err)
		os.Exit(1)
	}
	return app
}

// New makes an App of an environment ("KEY=value" pairs).
func New(environ []string) (*App, error) {
	vars := env.ToMap(environ)
	var e Environment
	if err := env.ParseWithOptions(&e, env.Options{Environment: vars}); err != nil {
		return nil, err
	}
	times, err := booking.TimeSet(e.TimeSet)
	if err != nil {
		return nil, err
	}
	a := &App{Env: e, Times: times, Log: obs.Logger(os.Stdout, e.LogLevel, e.Function)}
	a.aws = sync.OnceValue(a.awsConfig)
	a.store = sync.OnceValue(a.newStore)
	a.box = sync.OnceValue(a.newBox)
	a.sender = sync.OnceValue(func() *sqsqueue.Sender { return newSender(a.aws(), vars) })
	return a, nil
}

// awsConfig reads region, credentials and endpoints as the SDK does everywhere. It fails only where the platform
// itself is broken, and then nothing can be done but say so.
func (a *App) awsConfig() aws.Config {
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 4; o.MaxBackoff = 2 * time.Second })
	}))
	if err != nil {
		a.Log.Error("AWS configuration", "error", err)
		os.Exit(1)
	}
	if a.Env.Meter {
		cfg.APIOptions = append(cfg.APIOptions, dynamo.Meter(func(ctx context.Context, r dynamo.Reading) {
			a.Log.InfoContext(ctx, "capacity", "operation", r.Operation, "table", r.Table, "write_milli", r.Write, "read_milli", r.Read, "indexes", r.Indexes, "refused", r.Refused)
		}))
	}
	return cfg
}

func (a *App) newStore() *dynamo.Store {
	return &dynamo.Store{DB: dynamodb.NewFromConfig(a.aws()), Tables: a.Env.Tables, Now: time.Now, Blobs: lazyBlobs{a}}
}

// newSender finds the queues the function was given: QUEUE_CALLBACK_RETRIES is callback-retries, DLQ_… its
// dead-letter queue.
func newSender(cfg aws.Config, vars map[string]string) *sqsqueue.Sender {
	s := &sqsqueue.Sender{Client: sqs.NewFromConfig(cfg), URL: map[queue.Name]string{}, Dead: map[queue.Name]string{}}
	for k, v := range vars {
		if role, ok := strings.CutPrefix(k, "QUEUE_"); ok {
			s.URL[roleOf(role)] = v
		} else if role, ok := strings.CutPrefix(k, "DLQ_"); ok {
			s.Dead[roleOf(role)] = v
		}
	}
	return s
}

func roleOf(upper string) queue.Name {
	return queue.Name(strings.ReplaceAll(strings.ToLower(upper), "_", "-"))
}

func newID() string { return strings.ToLower(ulid.Make().String()) }
