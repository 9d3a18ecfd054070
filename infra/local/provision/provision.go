// Package provision creates the tables, queues, buckets and keys that the template declares. Every call may be
// repeated: what exists stays, with its data.
package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/local/template"
)

// activeWithin is how long a new table may take to become active.
const activeWithin = 30 * time.Second

// Tables creates the tables that do not exist, and says so when one exists with other keys.
func Tables(ctx context.Context, c *dynamodb.Client, tables []template.Table) error {
	for _, t := range tables {
		have, err := c.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
		if err == nil {
			if diff := differs(have.Table, t); diff != "" {
				return fmt.Errorf("table %s on disk has another %s than the template: remove the data directory to start afresh", t.Name, diff)
			}
			continue
		}
		if _, missing := errors.AsType[*ddb.ResourceNotFoundException](err); !missing {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		if err := createTable(ctx, c, t); err != nil {
			return fmt.Errorf("creating table %s: %w", t.Name, err)
		}
	}
	return nil
}

func createTable(ctx context.Context, c *dynamodb.Client, t template.Table) error {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, BillingMode: ddb.BillingModePayPerRequest, KeySchema: keySchema(t.Hash, t.Range)}
	for _, a := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, ddb.AttributeDefinition{AttributeName: &a.Name, AttributeType: ddb.ScalarAttributeType(a.Type)})
	}
	for _, i := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, ddb.GlobalSecondaryIndex{
			IndexName: &i.Name, KeySchema: keySchema(i.Hash, i.Range), Projection: &ddb.Projection{ProjectionType: ddb.ProjectionType(i.Projection)},
		})
	}
	if t.StreamView != "" {
		in.StreamSpecification = &ddb.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: ddb.StreamViewType(t.StreamView)}
	}
	if _, err := c.CreateTable(ctx, in); err != nil {
		return err
	}
	if err := dynamodb.NewTableExistsWaiter(c, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second
	}).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name}, activeWithin); err != nil {
		return err
	}
	if t.TTLAttribute == "" {
		return nil
	}
	_, err := c.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &t.Name,
		TimeToLiveSpecification: &ddb.TimeToLiveSpecification{AttributeName: &t.TTLAttribute, Enabled: aws.Bool(true)}})
	return err
}

func keySchema(hash, rng string) []ddb.KeySchemaElement {
	out := []ddb.KeySchemaElement{{AttributeName: &hash, KeyType: ddb.KeyTypeHash}}
	if rng != "" {
		out = append(out, ddb.KeySchemaElement{AttributeName: &rng, KeyType: ddb.KeyTypeRange})
	}
	return out
}

// differs names what an existing table has other than the template says.
func differs(have *ddb.TableDescription, want template.Table) string {
	if keys(have.KeySchema) != want.Hash+"/"+want.Range {
		return "key"
	}
	var indexes, wanted []string
	for _, i := range have.GlobalSecondaryIndexes {
		indexes = append(indexes, aws.ToString(i.IndexName)+" "+keys(i.KeySchema))
	}
	for _, i := range want.Indexes {
		wanted = append(wanted, i.Name+" "+i.Hash+"/"+i.Range)
	}
	slices.Sort(indexes)
	slices.Sort(wanted)
	if !slices.Equal(indexes, wanted) {
		return "index"
	}
	view := ""
	if s := have.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		view = string(s.StreamViewType)
	}
	if view != want.StreamView {
		return "stream"
	}
	return ""
}

func keys(schema []ddb.KeySchemaElement) string {
	var hash, rng string
	for _, k := range schema {
		if k.KeyType == ddb.KeyTypeHash {
			hash = aws.ToString(k.AttributeName)
		} else {
			rng = aws.ToString(k.AttributeName)
		}
	}
	return hash + "/" + rng
}

// Queues creates the queues that do not exist and sets the attributes of all of them. It returns their URLs by
// deployed name.
func Queues(ctx context.Context, c *sqs.Client, queues []template.Queue) (map[string]string, error) {
	urls, arns := map[string]string{}, map[string]string{}
	order := slices.Clone(queues)
	slices.SortStableFunc(order, func(a, b template.Queue) int { // dead-letter queues first
		return boolInt(a.DLQName != "") - boolInt(b.DLQName != "")
	})
	for _, q := range order {
		url, err := queueURL(ctx, c, q.Name)
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", q.Name, err)
		}
		urls[q.Name] = url
		attributes := map[string]string{}
		if q.Visibility > 0 {
			attributes["VisibilityTimeout"] = strconv.Itoa(int(q.Visibility.Seconds()))
		}
		if q.Retention > 0 {
			attributes["MessageRetentionPeriod"] = strconv.Itoa(int(q.Retention.Seconds()))
		}
		if q.DLQName != "" {
			policy, _ := json.Marshal(map[string]any{"deadLetterTargetArn": arns[q.DLQName], "maxReceiveCount": q.MaxReceive})
			attributes["RedrivePolicy"] = string(policy)
		}
		if len(attributes) > 0 {
			if _, err := c.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: attributes}); err != nil {
				return nil, fmt.Errorf("queue %s: %w", q.Name, err)
			}
		}
		got, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", q.Name, err)
		}
		arns[q.Name] = got.Attributes["QueueArn"]
	}
	return urls, nil
}

func queueURL(ctx context.Context, c *sqs.Client, name string) (string, error) {
	have, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err == nil {
		return aws.ToString(have.QueueUrl), nil
	}
	if _, missing := errors.AsType[*sqstypes.QueueDoesNotExist](err); !missing {
		return "", err
	}
	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(made.QueueUrl), nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Buckets creates the buckets that do not exist.
func Buckets(ctx context.Context, c *s3.Client, buckets []template.Bucket) error {
	for _, b := range buckets {
		_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b.Name})
		if _, mine := errors.AsType[*s3types.BucketAlreadyOwnedByYou](err); err != nil && !mine {
			return fmt.Errorf("bucket %s: %w", b.Name, err)
		}
	}
	return nil
}

// Keys creates the KMS keys that do not exist, under the ids that the template's references have on this machine.
// Only LocalStack lets its caller choose an id, by a tag; of another KMS the keys must be there already.
func Keys(ctx context.Context, c *kms.Client, keys []template.Key) error {
	for _, k := range keys {
		_, err := c.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &k.ID})
		if err == nil {
			continue
		}
		if _, missing := errors.AsType[*kmstypes.NotFoundException](err); !missing {
			return fmt.Errorf("key %s: %w", k.LogicalID, err)
		}
		made, err := c.CreateKey(ctx, &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: aws.String("_custom_id_"), TagValue: &k.ID}}})
		if err != nil {
			return fmt.Errorf("creating key %s: %w", k.LogicalID, err)
		}
		if got := aws.ToString(made.KeyMetadata.KeyId); got != k.ID {
			return fmt.Errorf("key %s: this KMS made a key with the id %s where the template means %s: leave AWS_ENDPOINT_URL_KMS unset, and the stack's own KMS is used", k.LogicalID, got, k.ID)
		}
	}
	return nil
}
