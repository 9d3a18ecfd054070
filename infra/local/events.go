package local

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/local/provision"
	"github.com/fairlead/fairlead/infra/local/sources"
)

// provisioned is what the sources need to know of what exists.
type provisioned struct {
	queues  *sqs.Client
	streams *dynamodbstreams.Client
	url     map[string]string // queue URLs by deployed name
	stream  map[string]string // stream ARNs by table name
}

// provision creates the tables, queues and buckets of the template, and the keys in a KMS that is not our own.
func (s *Stack) provision(ctx context.Context, at endpoints, ownKMS bool) (provisioned, error) {
	cfg, err := awsConfig(ctx)
	if err != nil {
		return provisioned{}, err
	}
	tables := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &at.DynamoDB })
	out := provisioned{
		queues:  sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = &at.SQS }),
		streams: dynamodbstreams.NewFromConfig(cfg, func(o *dynamodbstreams.Options) { o.BaseEndpoint = &at.DynamoDB }),
		stream:  map[string]string{},
	}
	group, gctx := errgroup.WithContext(ctx)
	if !ownKMS { // ours is served later, with the template's keys in it
		group.Go(func() error {
			return provision.Keys(gctx, kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = &at.KMS }), s.Template.Keys)
		})
	}
	group.Go(func() error {
		if err := provision.Tables(gctx, tables, s.Template.Tables); err != nil {
			return err
		}
		for _, t := range s.Template.Tables {
			if t.StreamView == "" {
				continue
			}
			got, err := tables.DescribeTable(gctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
			if err != nil {
				return fmt.Errorf("stream of %s: %w", t.Name, err)
			}
			out.stream[t.Name] = aws.ToString(got.Table.LatestStreamArn)
		}
		return nil
	})
	group.Go(func() (err error) {
		if out.url, err = provision.Queues(gctx, out.queues, s.Template.Queues); err != nil {
			return err
		}
		return provision.Buckets(gctx, s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &at.S3, true }), s.Template.Buckets)
	})
	return out, group.Wait()
}

// startSources starts everything that invokes functions by itself. Stopping ends the polls first, and lets
// running invocations finish within the grace time.
func (s *Stack) startSources(found provisioned) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	place := sources.Place{Region: region, AccountID: accountID}
	for _, f := range s.Template.Functions {
		target := sources.Target{Function: f.Name, Invoker: s.Runtime, Log: s.cfg.Log}
		for _, q := range f.Queues {
			if q.Enabled {
				running.Go(func() {
					(&sources.Queue{Place: place, Target: target, Client: found.queues, URL: found.url[q.QueueName], Source: q, Concurrency: s.concurrency(q)}).Run(ctx)
				})
			}
		}
		for _, st := range f.Streams {
			if st.Enabled {
				running.Go(func() {
					err := (&sources.Stream{Place: place, Target: target, Client: found.streams, ARN: found.stream[st.TableName], Source: st,
						Checkpoint: filepath.Join(s.Where.Data, "checkpoints", f.Folder+"-"+st.TableName+".json")}).Run(ctx)
					if err != nil {
						s.fail(err)
					}
				})
			}
		}
		for _, sc := range f.Schedules {
			every := sc.Every
			if s.cfg.ScheduleEvery > 0 {
				every = s.cfg.ScheduleEvery
			}
			if sc.Enabled {
				running.Go(func() { (&sources.Schedule{Place: place, Target: target, Every: every}).Run(ctx) })
			}
		}
	}
	s.closer(func() {
		cancel()
		done := make(chan struct{})
		go func() { running.Wait(); close(done) }()
		timer := time.NewTimer(s.cfg.StopGrace)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
			s.Runtime.Close(0) // what still runs is killed, and its source returns
			<-done
		}
	})
}

// announce writes stack.json, which tells other programs where everything is while the stack runs.
func (s *Stack) announce() error {
	raw, err := json.MarshalIndent(s.Where, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(s.Where.Data, "stack.json")
	s.closer(func() { _ = os.Remove(file) })
	return os.WriteFile(file, append(raw, '\n'), 0o600)
}
