package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/fairlead/fairlead/infra/local/template"
)

const (
	idleWait      = 50 * time.Millisecond // between reads that bring nothing
	discoverEvery = 5 * time.Second       // looking for new shards
	readMost      = 1000                  // the stream's own limit
	// restAfter is how many times as long as a read took nothing is read. An emulator may go through all that its stream
	// holds for every read, one request after the other: it must have time for the others.
	restAfter = 2
)

// Stream is one table's stream that invokes a function.
type Stream struct {
	Place
	Target
	Client *dynamodbstreams.Client
	ARN    string // of the stream
	Source template.StreamSource
	// Checkpoint is the file that remembers how far the stream was handled.
	Checkpoint string
	// BackoffMax bounds the wait between retries of a batch; 0 is 10 s.
	BackoffMax time.Duration
}

// Run reads until ctx ends, and then until the invocations that run are done. It returns an error only when it
// cannot begin.
func (s *Stream) Run(ctx context.Context) error {
	cp, err := openCheckpoint(s.Checkpoint, s.ARN)
	if err != nil {
		return err
	}
	if s.BackoffMax == 0 {
		s.BackoffMax = 10 * time.Second
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	running, closed := map[string]bool{}, make(chan string, 16)
	for ctx.Err() == nil {
		shards, err := s.shards(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "stream cannot be read", "table", s.Source.TableName, "error", err)
		}
		for _, id := range due(shards, cp, running) {
			running[id] = true
			readers.Go(func() {
				(&shard{s, cp, id}).read(ctx)
				select {
				case closed <- id:
				case <-ctx.Done():
				}
			})
		}
		timer := time.NewTimer(discoverEvery)
		select {
		case id := <-closed:
			delete(running, id)
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

func (s *Stream) shards(ctx context.Context) ([]types.Shard, error) {
	var out []types.Shard
	var from *string
	for {
		page, err := s.Client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &s.ARN, ExclusiveStartShardId: from})
		if err != nil {
			return nil, err
		}
		out = append(out, page.StreamDescription.Shards...)
		if from = page.StreamDescription.LastEvaluatedShardId; from == nil {
			return out, nil
		}
	}
}

// due are the shards to read now: a child only after its parent was handled to its end, so that the changes of
// one item stay in order.
func due(shards []types.Shard, cp *checkpoint, running map[string]bool) []string {
	exists := map[string]bool{}
	for _, sh := range shards {
		exists[aws.ToString(sh.ShardId)] = true
	}
	var out []string
	for _, sh := range shards {
		id, parent := aws.ToString(sh.ShardId), aws.ToString(sh.ParentShardId)
		if !running[id] && !cp.get(id).Done && (!exists[parent] || cp.get(parent).Done) {
			out = append(out, id)
		}
	}
	return out
}

// shard reads one shard of a stream.
type shard struct {
	*Stream
	cp *checkpoint
	id string
}

// read handles the shard's records in order, until it ends or ctx does. An EndingSequenceNumber says nothing:
// emulators give one for open shards. A shard has ended when there is no next iterator.
func (s *shard) read(ctx context.Context) {
	var iterator *string
	failing := false
	for ctx.Err() == nil {
		var err error
		if iterator == nil {
			iterator, err = s.iterator(ctx)
		}
		var out *dynamodbstreams.GetRecordsOutput
		began := time.Now()
		if err == nil {
			out, err = s.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(readMost)})
		}
		rest := restAfter * time.Since(began)
		if err != nil { // an expired iterator too: the checkpoint gives a new one
			if !failing && ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "shard cannot be read", "table", s.Source.TableName, "shard", s.id, "error", err)
			}
			failing, iterator = true, nil
			pause(ctx, time.Second)
			continue
		}
		failing = false
		for batch := range slices.Chunk(out.Records, max(s.Source.BatchSize, 1)) {
			if !s.handle(ctx, batch) {
				return
			}
		}
		if iterator = out.NextShardIterator; iterator == nil {
			m := s.cp.get(s.id)
			m.Done = true
			s.save(ctx, m)
			return
		}
		if len(out.Records) == 0 {
			rest = max(rest, idleWait)
		}
		pause(ctx, rest)
	}
}

func (s *shard) iterator(ctx context.Context) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.ARN, ShardId: &s.id, ShardIteratorType: types.ShardIteratorType(s.Source.StartingPosition)}
	if after := s.cp.get(s.id).After; after != "" {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &after
	}
	out, err := s.Client.GetShardIterator(ctx, in)
	if _, trimmed := errors.AsType[*types.TrimmedDataAccessException](err); trimmed {
		s.Log.WarnContext(ctx, "records after the checkpoint are no longer in the stream", "table", s.Source.TableName, "shard", s.id)
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = s.Client.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return out.ShardIterator, nil
}

// handle filters the records, has the rest handled and saves the checkpoint. It is false when ctx ended before
// all were handled.
func (s *shard) handle(ctx context.Context, records []types.Record) bool {
	var batch []streamRecord
	for _, r := range records {
		rec, err := s.record(r)
		if err == nil {
			var pass bool
			if pass, err = s.passes(rec); err == nil && !pass {
				continue
			}
		}
		if err != nil { // a pattern or a record that cannot be read must be seen, not lost
			s.Log.ErrorContext(ctx, "stream record cannot be filtered: it passes", "table", s.Source.TableName, "error", err)
		}
		batch = append(batch, rec)
	}
	if !s.deliver(ctx, batch) {
		return false
	}
	s.save(ctx, mark{After: aws.ToString(records[len(records)-1].Dynamodb.SequenceNumber)})
	return true
}

func (s *shard) passes(r streamRecord) (bool, error) {
	if len(s.Source.Patterns) == 0 {
		return true, nil
	}
	for _, p := range s.Source.Patterns {
		pass, err := template.Match(p, r.raw)
		if err != nil || pass {
			return pass, err
		}
	}
	return false, nil
}

func (s *shard) save(ctx context.Context, m mark) {
	if err := s.cp.set(s.id, m); err != nil {
		s.Log.ErrorContext(ctx, "checkpoint not saved: records will come again after a restart", "file", s.Checkpoint, "error", err)
	}
}

// streamRecord is a record as the function gets it.
type streamRecord struct {
	raw []byte
	seq string
}

// MarshalJSON gives the record as it was built.
func (r streamRecord) MarshalJSON() ([]byte, error) { return r.raw, nil }

func (s *shard) record(r types.Record) (streamRecord, error) {
	d := r.Dynamodb
	if d == nil {
		return streamRecord{raw: []byte("{}")}, fmt.Errorf("record %s has no data", aws.ToString(r.EventID))
	}
	change := map[string]any{
		"Keys": item(d.Keys), "SequenceNumber": aws.ToString(d.SequenceNumber), "SizeBytes": aws.ToInt64(d.SizeBytes), "StreamViewType": string(d.StreamViewType),
	}
	if d.NewImage != nil {
		change["NewImage"] = item(d.NewImage)
	}
	if d.OldImage != nil {
		change["OldImage"] = item(d.OldImage)
	}
	if d.ApproximateCreationDateTime != nil {
		change["ApproximateCreationDateTime"] = d.ApproximateCreationDateTime.Unix()
	}
	out := map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": string(r.EventName), "eventVersion": "1.1", "eventSource": "aws:dynamodb",
		"awsRegion": s.Region, "eventSourceARN": s.ARN, "dynamodb": change,
	}
	if u := r.UserIdentity; u != nil {
		out["userIdentity"] = map[string]string{"type": aws.ToString(u.Type), "principalId": aws.ToString(u.PrincipalId)}
	}
	raw, err := json.Marshal(out)
	return streamRecord{raw: raw, seq: aws.ToString(d.SequenceNumber)}, err
}
