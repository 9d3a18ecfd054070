// Package boot is the composition root: environment, then clients, then ports, each made when it is first needed.
// What is below this folder wires one part of the system; a function links only the parts it runs, for everything
// that is linked is initialised at every cold start.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/caarlos0/env/v11"
	"github.com/oklog/ulid/v2"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Environment is what a function is told by its template. Names are the template's.
type Environment struct {
	Stage         string           `env:"STAGE" envDefault:"dev"`
	Stack         string           `env:"STACK" envDefault:"fairlead"` // the dimension of all metrics
	TimeSet       string           `env:"TIME_SET" envDefault:"standard"`
	LogLevel      string           `env:"LOG_LEVEL" envDefault:"info"`
	LabelBucket   string           `env:"LABEL_BUCKET"`
	DataKeyID     string           `env:"DATA_KEY_ID"`
	UPSTestURL    string           `env:"UPS_TEST_URL"`
	UPSLiveURL    string           `env:"UPS_LIVE_URL"`
	DraftDays     int              `env:"DRAFT_DAYS" envDefault:"30"` // after which a draft expires and frees its reference
	DocumentDays  int              `env:"DOCUMENT_DAYS"`              // for which documents with personal data are kept; 0 is for ever
	AllowLoopback bool             `env:"CALLBACK_ALLOW_LOOPBACK"`    // set by the local stack only
	Meter         bool             `env:"METER"`                      // log consumed capacity; set by the local stack only
	Function      string           `env:"AWS_LAMBDA_FUNCTION_NAME"`
	TenantLimits  Limits           `env:"TENANT_LIMITS"`           // where a tenant has none of its own
	UsageKey      string           `env:"USAGE_KEY"`               // what the usage plan counts by; no secret
	Restored      booking.Restored `env:"RESTORED"`                // when tables were restored
	UPSPerMinute  int64            `env:"UPS_BOOKINGS_PER_MINUTE"` // of one app at UPS; 0: what UPS is known to take

	Tables dynamo.Tables
}

// Limits are a set of limits in their text form.
type Limits struct{ ratelimit.Set }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Limits) UnmarshalText(text []byte) (err error) {
	l.Set, err = ratelimit.ParseSet(string(text))
	return err
}

// App holds what a function's ports are made of.
type App struct {
	Env   Environment
	Times booking.Times
	Log   *slog.Logger

	// Vars are all environment variables, for parts that read families of them.
	Vars map[string]string
	// AWS is the SDK's configuration: region, credentials and endpoints, as the SDK finds them everywhere.
	AWS func() aws.Config
	// Store is the database, without a bucket for large labels (package labels adds it).
	Store func() *dynamo.Store
}

// Start reads the environment. A function that can't be configured must not start: it says why and ends.
func Start() *App {
	app, err := New(os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "fairlead:", err)
		os.Exit(1)
	}
	useMemory(app.Vars)
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
	times.DraftTTL = time.Duration(e.DraftDays) * 24 * time.Hour
	a := &App{Env: e, Times: times, Log: obs.Logger(os.Stdout, e.LogLevel, e.Function, e.Stack), Vars: vars}
	a.AWS = sync.OnceValue(a.awsConfig)
	a.Store = sync.OnceValue(func() *dynamo.Store {
		keep := time.Duration(a.Env.DocumentDays) * 24 * time.Hour
		return &dynamo.Store{DB: dynamodb.NewFromConfig(a.AWS()), Tables: a.Env.Tables, Now: time.Now, Keep: keep}
	})
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
	cfg.APIOptions = append(cfg.APIOptions, timed)
	if a.Env.Meter {
		cfg.APIOptions = append(cfg.APIOptions, dynamo.Meter(func(ctx context.Context, r dynamo.Reading) {
			a.Log.InfoContext(ctx, "capacity", "operation", r.Operation, "write", r.Name, "table", r.Table, "write_milli", r.Write, "read_milli", r.Read, "indexes", r.Indexes, "refused", r.Refused)
		}))
	}
	return cfg
}

// API is an operation behind the gateway. Its ports are made by the first request, not before the process is ready.
// check is for operations that read a body.
func (a *App) API(op api.Operation, check api.Checker, build func() api.Handler) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	handler := sync.OnceValue(func() api.Handler {
		repeats := api.Repeats{Requests: a.Store(), Now: time.Now, NewID: NewID, Log: a.Log}
		return repeats.Handler(op, build())
	})
	limits := &api.Limits{Limiter: &limiter{build: sync.OnceValue(a.limiter)}, Defaults: a.Env.TenantLimits.Over(ratelimit.Defaults)}
	return api.Lambda(op, func(ctx context.Context, r api.Request) (api.Response, error) { return handler()(ctx, r) }, check, limits, a.Log)
}

// limiter is made by the first request that is limited.
type limiter struct{ build func() *ratelimit.Limiter }

// Take implements api.Limiter.
func (l *limiter) Take(ctx context.Context, key string, r ratelimit.Rate) ratelimit.Decision {
	return l.build().Take(ctx, key, r)
}

func (a *App) limiter() *ratelimit.Limiter {
	return &ratelimit.Limiter{Store: a.Store().TenantLimits(), Now: time.Now, Log: a.Log}
}

// Queue is a consumer of queues, made by the first batch.
func (a *App) Queue(build func() queue.Consumer) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	consumer := sync.OnceValue(build)
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		return consumer().Lambda(ctx, ev)
	}
}

// NewID is a fresh ULID in lower case.
func NewID() string { return strings.ToLower(ulid.Make().String()) }
