package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/document/s3blobs"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/secret/kmskeys"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// API is an operation behind the gateway. Its ports are made by the first request, not before the process is ready.
func (a *App) API(build func() api.Handler) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	handler := sync.OnceValue(build)
	return api.Lambda(func(ctx context.Context, r api.Request) (api.Response, error) { return handler()(ctx, r) }, a.Log)
}

// Queue is a consumer of queues, made by the first batch.
func (a *App) Queue(build func() queue.Consumer) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	consumer := sync.OnceValue(build)
	return func(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
		return consumer().Lambda(ctx, ev)
	}
}

// Carriers are the carriers there are. Adding one is a line here and a folder under shared/carriers.
func (a *App) Carriers() carrier.Registry {
	return carrier.Registry{
		"ups": ups.New(ups.Options{BaseURL: map[ship.Mode]string{ship.Test: a.Env.UPSTestURL, ship.Live: a.Env.UPSLiveURL}, Now: time.Now}),
	}
}

// Accounts are tenants, keys and carrier accounts.
func (a *App) Accounts() *account.Service {
	return &account.Service{Store: a.store(), Box: a.box(), Carriers: a.Carriers(), Now: time.Now, NewID: newID, Random: rand.Reader}
}

func (a *App) newBox() *secret.Box {
	return &secret.Box{Keys: kmskeys.Source{Client: kms.NewFromConfig(a.aws()), KeyID: a.Env.DataKeyID}, Now: time.Now}
}

// Authorizer is the API's authorizer.
func (a *App) Authorizer() func(context.Context, events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	service := sync.OnceValue(func() *account.Service {
		return &account.Service{Store: a.store(), Now: time.Now}
	})
	return api.Authorizer(func(ctx context.Context, key string) (api.Principal, error) {
		return service().Authenticate(ctx, key)
	}, a.Log)
}

// CreateTenant is the operator's operation of that name.
func (a *App) CreateTenant() func(context.Context, account.TenantRequest) (account.TenantAnswer, error) {
	service := sync.OnceValue(func() *account.Service {
		return &account.Service{Store: a.store(), Now: time.Now, NewID: newID, Random: rand.Reader}
	})
	return func(ctx context.Context, in account.TenantRequest) (account.TenantAnswer, error) {
		return service().OperatorCreateTenant(ctx, in)
	}
}

// Shipments are the operations on shipments. They see accounts without their credentials.
func (a *App) Shipments() *booking.HTTP {
	accounts := &account.Service{Store: a.store(), Carriers: a.Carriers(), Now: time.Now}
	return &booking.HTTP{
		Service: &booking.Service{Intake: a.store(), Reader: a.store(), Accounts: finder(accounts.Facts), Carriers: accounts.Carriers, Now: time.Now, NewID: newID, Times: a.Times},
		Lister:  a.store(), Labels: a.store(),
	}
}

// Callbacks are the operations on callback endpoints.
func (a *App) Callbacks() callback.Service {
	return callback.Service{Store: a.store(), Box: a.box(), Now: time.Now, NewID: newID, Random: rand.Reader, AllowLoopback: a.Env.AllowLoopback}
}

// desk is what booking and recovery share.
func (a *App) desk() booking.Desk {
	accounts := a.Accounts()
	return booking.Desk{
		Reader: a.store(), Accounts: finder(accounts.CarrierAccount), Carriers: accounts.Carriers,
		Tokens: &oauth.Keeper{Store: a.store(), Box: a.box(), Now: time.Now, Sleep: sleep, NewID: newID, Times: oauth.Times{Lease: a.Times.RefreshLease}},
		Sender: a.sender(), Papers: a.store(), Late: a.store(), Claimer: a.store(),
		Now: time.Now, Chance: func() int64 { return mathrand.Int64N(1000) }, Times: a.Times, Log: a.Log,
	}
}

// Booker consumes the three booking queues.
func (a *App) Booker() queue.Consumer {
	w := &booking.Worker{Desk: a.desk(), Results: a.store()}
	return queue.Consumer{Handle: w.Handle, Dead: a.sender(), Log: a.Log}
}

// Recoverer consumes the recovery queue.
func (a *App) Recoverer() queue.Consumer {
	v := &booking.Recovery{Desk: a.desk(), Recoveries: a.store()}
	return queue.Consumer{Handle: v.Handle, Dead: a.sender(), Log: a.Log}
}

// FanOut consumes the events.
func (a *App) FanOut() queue.Consumer {
	f := &callback.FanOut{Endpoints: a.store(), Queue: a.sender(), Times: a.callbackTimes(), Now: time.Now, Log: a.Log}
	return queue.Consumer{Handle: f.Handle, Dead: a.sender(), Log: a.Log}
}

// Deliverer consumes the callbacks and their retries.
func (a *App) Deliverer() queue.Consumer {
	times := a.callbackTimes()
	d := &callback.Deliverer{Endpoints: a.store(), Records: a.store(), Box: a.box(), Queue: a.sender(), Times: times,
		Client: callback.NewClient(callback.ClientOptions{Times: times, Now: time.Now, AllowLoopback: a.Env.AllowLoopback}), Jitter: callback.Spread, Now: time.Now, Log: a.Log}
	return queue.Consumer{Handle: d.Handle, Dead: a.sender(), Log: a.Log, Group: callback.Group, PerGroup: callback.PerEndpoint}
}

func (a *App) callbackTimes() callback.Times { return callback.Standard().Divide(a.Times.Divisor) }

// Relay consumes the stream of the shipments table.
func (a *App) Relay() func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	relay := sync.OnceValue(func() *booking.Relay {
		return &booking.Relay{Sender: a.sender(), Dead: a.sender(), Now: time.Now, Log: a.Log}
	})
	return func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		return relayLambda(relay())(ctx, ev)
	}
}

// Wake runs on a schedule.
func (a *App) Wake() func(context.Context) error {
	waker := sync.OnceValue(func() *booking.Waker {
		return &booking.Waker{Sleeper: a.store(), Reader: a.store(), Sender: a.sender(), Shards: dynamo.Shards, Now: time.Now, Times: a.Times, Log: a.Log}
	})
	return func(ctx context.Context) error { return waker().Run(ctx) }
}

// finder makes booking's port of an account look-up.
type finder func(ctx context.Context, tenant, id string) (carrier.Account, error)

// CarrierAccount implements booking.Accounts.
func (f finder) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	acct, err := f(ctx, tenant, id)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("%w: %w", booking.ErrNotFound, err)
	}
	return acct, err
}

// lazyBlobs makes the S3 client when the first large label comes: most never do.
type lazyBlobs struct{ app *App }

func (l lazyBlobs) bucket() *s3blobs.Bucket {
	return &s3blobs.Bucket{Name: l.app.Env.LabelBucket, Client: s3.NewFromConfig(l.app.aws(), func(o *s3.Options) {
		o.UsePathStyle = l.app.Env.AllowLoopback // the local stack's bucket has no host name of its own
	})}
}

// Put implements dynamo.Blobs.
func (l lazyBlobs) Put(ctx context.Context, tenant, key string, data []byte) error {
	return l.bucket().Put(ctx, tenant, key, data)
}

// Get implements dynamo.Blobs.
func (l lazyBlobs) Get(ctx context.Context, tenant, key string) ([]byte, error) {
	return l.bucket().Get(ctx, tenant, key)
}

// sleep waits, or returns early with the reason when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
