package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// ours is how the names of all that the stack creates begin.
const ours = "fairlead-"

func database(url string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// vacant refuses a LocalStack that holds a stack already: its data would be taken for the tests'.
func vacant(ctx context.Context, url string) error {
	tables, err := ourTables(ctx, database(url))
	if err == nil && len(tables) > 0 {
		err = fmt.Errorf("%s holds a stack already (table %s): name an empty LocalStack, or none, so that one is started", url, tables[0])
	}
	return err
}

func ourTables(ctx context.Context, db *dynamodb.Client) ([]string, error) {
	var out []string
	pages := dynamodb.NewListTablesPaginator(db, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.TableNames...)
	}
	return slices.DeleteFunc(out, func(name string) bool { return !strings.HasPrefix(name, ours) }), nil
}

// vacate removes what the scenario created: the tables, the queues and the bucket. The key stays: KMS deletes none at
// once.
func vacate(ctx context.Context, url string) error {
	db := database(url)
	tables, err := ourTables(ctx, db)
	for _, name := range tables {
		_, failed := db.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		err = errors.Join(err, failed)
	}
	login := credentials.NewStaticCredentialsProvider("local", "local", "")
	queues := sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: login})
	list, failed := queues.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(ours)})
	if err = errors.Join(err, failed); failed == nil {
		for _, q := range list.QueueUrls {
			_, failed := queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &q})
			err = errors.Join(err, failed)
		}
	}
	return errors.Join(err, emptyBuckets(ctx, s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &url, UsePathStyle: true, Credentials: login})))
}

func emptyBuckets(ctx context.Context, c *s3.Client) error {
	buckets, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return err
	}
	for _, b := range buckets.Buckets {
		if !strings.HasPrefix(aws.ToString(b.Name), ours) {
			continue
		}
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: b.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, o := range page.Contents {
				if _, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b.Name, Key: o.Key}); err != nil {
					return err
				}
			}
		}
		if _, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b.Name}); err != nil {
			return err
		}
	}
	return nil
}
