package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/local/localtest"
	"github.com/fairlead/fairlead/infra/local/provision"
	"github.com/fairlead/fairlead/infra/local/template"
)

// table makes a table with a stream and returns a source that reads it.
func (b *bench) table(t *testing.T, name string) *Stream {
	t.Helper()
	err := provision.Tables(t.Context(), b.db, []template.Table{{
		LogicalID: "T", Name: name, Hash: "pk", Attributes: []template.Attribute{{Name: "pk", Type: "S"}}, StreamView: "NEW_AND_OLD_IMAGES",
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.db.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return &Stream{
		Place: here, Target: b.target(), Client: b.streams, ARN: *got.Table.LatestStreamArn,
		Checkpoint: filepath.Join(t.TempDir(), "checkpoint.json"), BackoffMax: 200 * time.Millisecond,
		Source: template.StreamSource{Table: "T", TableName: name, StartingPosition: "TRIM_HORIZON", BatchSize: 10, Retries: -1, Bisect: true, ReportBatchItemFailures: true},
	}
}

func (b *bench) put(t *testing.T, table, pk, do string) {
	t.Helper()
	_, err := b.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]ddb.AttributeValue{
		"pk": &ddb.AttributeValueMemberS{Value: pk}, "do": &ddb.AttributeValueMemberS{Value: do}, "n": &ddb.AttributeValueMemberN{Value: "12345678901234567890"},
		"late": &ddb.AttributeValueMemberL{Value: []ddb.AttributeValue{&ddb.AttributeValueMemberS{Value: "x"}}}, "h": &ddb.AttributeValueMemberB{Value: []byte{1, 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// keys lists the keys in the order in which they were handled.
func (b *bench) keys(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, line := range localtest.Lines(t, b.journal) {
		var r struct {
			DynamoDB struct{ Keys map[string]map[string]string } `json:"dynamodb"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r.DynamoDB.Keys["pk"]["S"])
	}
	return out
}

func (b *bench) await(t *testing.T, want ...string) {
	t.Helper()
	localtest.Eventually(t, fmt.Sprintf("%d records", len(want)), func() bool { return len(b.keys(t)) >= len(want) })
	if diff := cmp.Diff(want, b.keys(t)); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
}

func runStream(t *testing.T, s *Stream) (stop func()) {
	t.Helper()
	return run(t, func(ctx context.Context) {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestStreamRecord(t *testing.T) {
	b := newBench(t)
	s := b.table(t, "stack-t")
	b.put(t, "stack-t", "a", "old")
	b.put(t, "stack-t", "a", "new")
	runStream(t, s)
	b.await(t, "a", "a")
	var got map[string]any
	if err := json.Unmarshal([]byte(localtest.Lines(t, b.journal)[1]), &got); err != nil {
		t.Fatal(err)
	}
	d := got["dynamodb"].(map[string]any)
	for _, name := range []string{"SequenceNumber", "ApproximateCreationDateTime", "SizeBytes"} {
		if d[name] == nil {
			t.Errorf("%s is missing", name)
		}
		delete(d, name)
	}
	delete(got, "eventID")
	image := func(do string) map[string]any {
		return map[string]any{
			"pk": map[string]any{"S": "a"}, "do": map[string]any{"S": do}, "n": map[string]any{"N": "12345678901234567890"},
			"late": map[string]any{"L": []any{map[string]any{"S": "x"}}}, "h": map[string]any{"B": "AQI="},
		}
	}
	want := map[string]any{
		"eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1", "eventSourceARN": s.ARN,
		"dynamodb": map[string]any{
			"Keys": map[string]any{"pk": map[string]any{"S": "a"}}, "StreamViewType": "NEW_AND_OLD_IMAGES", "NewImage": image("new"), "OldImage": image("old"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestStreamCheckpoint(t *testing.T) {
	b := newBench(t)
	s := b.table(t, "stack-t")
	stop := runStream(t, s)
	b.put(t, "stack-t", "a", "")
	b.await(t, "a")
	stop()
	b.put(t, "stack-t", "b", "")
	b.put(t, "stack-t", "c", "")

	t.Run("a new start goes on behind it", func(t *testing.T) {
		again := *s
		stop := runStream(t, &again)
		b.await(t, "a", "b", "c")
		stop()
	})
	t.Run("without it the stream is read from its beginning", func(t *testing.T) {
		afresh := *s
		afresh.Checkpoint = filepath.Join(t.TempDir(), "other.json")
		stop := runStream(t, &afresh)
		b.await(t, "a", "b", "c", "a", "b", "c")
		stop()
	})
}

func TestStreamFailures(t *testing.T) {
	for _, how := range []string{"fail", "throw", "crash"} {
		t.Run(how+" holds its record and what follows back until it succeeds", func(t *testing.T) {
			b := newBench(t)
			s := b.table(t, "stack-t")
			mend := b.breakIt(t)
			for i := range 8 {
				do := ""
				if i == 5 {
					do = how
				}
				b.put(t, "stack-t", fmt.Sprintf("k%d", i), do)
			}
			stop := runStream(t, s)
			localtest.Eventually(t, "the records before it are handled", func() bool { return strings.Contains(strings.Join(b.keys(t), " "), "k4") })
			stop()
			mend()
			runStream(t, s)
			localtest.Eventually(t, "all are handled", func() bool { return strings.HasSuffix(strings.Join(b.keys(t), " "), "k7") })
			var inOrder []string // each for the first time
			for _, k := range b.keys(t) {
				if !strings.Contains(strings.Join(inOrder, " "), k) {
					inOrder = append(inOrder, k)
				}
			}
			if diff := cmp.Diff([]string{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"}, inOrder); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("limited retries give a record up", func(t *testing.T) {
		b := newBench(t)
		s := b.table(t, "stack-t")
		s.Source.Retries = 1
		b.put(t, "stack-t", "a", "poison")
		runStream(t, s)
		b.put(t, "stack-t", "b", "")
		b.await(t, "b")
	})
}

func TestFirstFailed(t *testing.T) {
	batch := []streamRecord{{seq: "9"}, {seq: "10"}, {seq: "100000000000000000000001"}}
	for name, c := range map[string]struct {
		ids  []string
		want int
	}{
		"sequence numbers are numbers, not text":    {[]string{"10"}, 1},
		"the lowest of several counts":              {[]string{"100000000000000000000001", "10"}, 1},
		"what is no number fails the whole batch":   {[]string{"abc"}, 0},
		"what is not there fails the whole batch":   {[]string{"100000000000000000000009"}, 0},
		"the first record fails the whole batch":    {[]string{"9", "10"}, 0},
		"the last record leaves the others handled": {[]string{"100000000000000000000001"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := firstFailed(batch, c.ids); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestDueShards(t *testing.T) {
	cp, err := openCheckpoint(filepath.Join(t.TempDir(), "c"), "arn")
	if err != nil {
		t.Fatal(err)
	}
	id := func(id, parent string) streamtypes.Shard {
		s := streamtypes.Shard{ShardId: &id, SequenceNumberRange: &streamtypes.SequenceNumberRange{EndingSequenceNumber: aws.String("7")}}
		if parent != "" {
			s.ParentShardId = &parent
		}
		return s
	}
	shards := []streamtypes.Shard{id("a", "gone"), id("b", "a"), id("c", "b")}
	check := func(name string, running map[string]bool, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, due(shards, cp, running)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("a shard whose parent is gone is read, an ending sequence number does not matter", nil, "a")
	check("a shard is read once", map[string]bool{"a": true})
	if err := cp.set("a", mark{After: "7", Done: true}); err != nil {
		t.Fatal(err)
	}
	check("a child follows its parent", nil, "b")
}
