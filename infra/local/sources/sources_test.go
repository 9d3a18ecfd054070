package sources

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/emulators"
	"github.com/fairlead/fairlead/infra/local/localtest"
	"github.com/fairlead/fairlead/infra/local/provision"
	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

func TestMain(m *testing.M) { localtest.Main(m) }

// bench is a consumer function, what it has seen, and the emulators that feed it.
type bench struct {
	*runtime.Runtime
	journal, broken string
	db              *dynamodb.Client
	streams         *dynamodbstreams.Client
	queues          *sqs.Client
}

var here = Place{Region: "us-east-1", AccountID: "000000000000"}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{journal: filepath.Join(dir, "journal"), broken: filepath.Join(dir, "broken")}
	spawner := child.NewSpawner()
	t.Cleanup(spawner.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.Runtime, err = runtime.New(runtime.Options{
		Bin: localtest.Bin(t), Logs: filepath.Join(dir, "logs"), Region: here.Region, AccountID: here.AccountID, Spawner: spawner,
		Env: map[string]string{"JOURNAL": b.journal, "BROKEN": b.broken},
	}, l.Addr().String(), []runtime.Function{{Name: "stack-consumer", Folder: "consumer", Timeout: 5 * time.Second, MaxInstances: 2}})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: b.Runtime}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { b.Close(0); _ = srv.Close() })
	tools, err := emulators.Find("..")
	if err != nil {
		t.Fatal(err)
	}
	login := credentials.NewStaticCredentialsProvider("local", "local", "")
	db, err := tools.DynamoDB(t.Context(), spawner, filepath.Join(dir, "db"), 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Stop)
	q, err := tools.QueuesAndBuckets(t.Context(), spawner, filepath.Join(dir, "q"), 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Stop)
	b.db = dynamodb.New(dynamodb.Options{Region: here.Region, BaseEndpoint: &db.URL, Credentials: login})
	b.streams = dynamodbstreams.New(dynamodbstreams.Options{Region: here.Region, BaseEndpoint: &db.URL, Credentials: login})
	b.queues = sqs.New(sqs.Options{Region: here.Region, BaseEndpoint: &q.URL, Credentials: login})
	return b
}

func (b *bench) target() Target {
	return Target{Function: "stack-consumer", Invoker: b, Log: slog.New(slog.DiscardHandler)}
}

// breakIt makes the consumer fail what it is told to; the function it returns mends it.
func (b *bench) breakIt(t *testing.T) (mend func()) {
	t.Helper()
	if err := os.WriteFile(b.broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() { _ = os.Remove(b.broken) }
}

// run runs a source until the returned function is called, which waits for its end.
func run(t *testing.T, source func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); source(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func (b *bench) queue(t *testing.T, q template.Queue) (url, dlq string) {
	t.Helper()
	q.DLQ, q.DLQName = "Dead", q.Name+"-dlq"
	urls, err := provision.Queues(t.Context(), b.queues, []template.Queue{q, {LogicalID: "Dead", Name: q.DLQName}})
	if err != nil {
		t.Fatal(err)
	}
	return urls[q.Name], urls[q.DLQName]
}

func (b *bench) send(t *testing.T, url, body string) {
	t.Helper()
	if _, err := b.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(body)}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) count(t *testing.T, url string) string {
	t.Helper()
	out, err := b.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}
