package provision

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/emulators"
	"github.com/fairlead/fairlead/infra/local/template"
)

var shipments = template.Table{
	LogicalID: "ShipmentsTable", Name: "stack-shipments", Hash: "pk",
	Attributes: []template.Attribute{{Name: "pk", Type: "S"}, {Name: "wk", Type: "S"}, {Name: "due", Type: "N"}},
	Indexes:    []template.Index{{Name: "open", Hash: "wk", Range: "due", Projection: "KEYS_ONLY"}},
	StreamView: "NEW_AND_OLD_IMAGES", TTLAttribute: "ttl",
}

func TestProvision(t *testing.T) {
	tools, err := emulators.Find("..")
	if err != nil {
		t.Fatal(err)
	}
	s := child.NewSpawner()
	t.Cleanup(s.Close)
	dbDir, queueDir := t.TempDir(), t.TempDir()
	login := credentials.NewStaticCredentialsProvider("local", "local", "")

	db, err := tools.DynamoDB(t.Context(), s, dbDir, 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Stop)
	tables := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &db.URL, Credentials: login})

	t.Run("tables are made as declared, once", func(t *testing.T) {
		for range 2 {
			if err := Tables(t.Context(), tables, []template.Table{shipments}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &shipments.Name})
		if err != nil || got.Table.LatestStreamArn == nil || got.Table.StreamSpecification.StreamViewType != ddb.StreamViewTypeNewAndOldImages {
			t.Errorf("stream %v, error %v", got.Table.StreamSpecification, err)
		}
	})
	for name, change := range map[string]func(*template.Table){
		"key":    func(t *template.Table) { t.Range = "sk" },
		"index":  func(t *template.Table) { t.Indexes = nil },
		"stream": func(t *template.Table) { t.StreamView = "" },
	} {
		t.Run("another "+name+" on disk is told", func(t *testing.T) {
			other := shipments
			change(&other)
			err := Tables(t.Context(), tables, []template.Table{other})
			if err == nil || !strings.Contains(err.Error(), "another "+name) {
				t.Errorf("error = %v", err)
			}
		})
	}

	q, err := tools.QueuesAndBuckets(t.Context(), s, queueDir, 0, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	queues := func(e *emulators.Emulator) *sqs.Client {
		return sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &e.URL, Credentials: login})
	}
	declared := []template.Queue{
		{LogicalID: "AQueue", Name: "stack-a", Visibility: 18 * time.Second, DLQ: "ADead", DLQName: "stack-a-dlq", MaxReceive: 5},
		{LogicalID: "ADead", Name: "stack-a-dlq", Retention: 336 * time.Hour},
	}
	t.Run("queues keep their messages through a crash and take new attributes", func(t *testing.T) {
		urls, err := Queues(t.Context(), queues(q), declared)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := queues(q).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(urls["stack-a"]), MessageBody: aws.String("kept")}); err != nil {
			t.Fatal(err)
		}
		q.Kill()
		if q, err = tools.QueuesAndBuckets(t.Context(), s, queueDir, 0, io.Discard); err != nil {
			t.Fatal(err)
		}
		declared[0].MaxReceive = 7
		if urls, err = Queues(t.Context(), queues(q), declared); err != nil {
			t.Fatal(err)
		}
		got, err := queues(q).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(urls["stack-a"])})
		if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "kept" {
			t.Errorf("received %v, error %v", got, err)
		}
		attrs, err := queues(q).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(urls["stack-a"]), AttributeNames: []types.QueueAttributeName{"All"}})
		if err != nil || !strings.Contains(attrs.Attributes["RedrivePolicy"], `"maxReceiveCount":7`) || attrs.Attributes["VisibilityTimeout"] != "18" {
			t.Errorf("attributes %v, error %v", attrs.Attributes, err)
		}
	})
	t.Run("buckets are made once", func(t *testing.T) {
		objects := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &q.URL, Credentials: login})
		for range 2 {
			if err := Buckets(t.Context(), objects, []template.Bucket{{LogicalID: "LabelBucket", Name: "stack-labels"}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("stack-labels"), Key: aws.String("a/b"), Body: strings.NewReader("label")}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { q.Stop() })
}
