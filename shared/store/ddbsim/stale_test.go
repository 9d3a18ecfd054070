package ddbsim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
)

// seen is what reads of different age see of item a and of index i, in which a stands by its c.
func (w *world) seen(lag time.Duration) string {
	w.t.Helper()
	client := w.client(ddbsim.ClientOptions{Lag: late(lag)})
	got, err := client.GetItem(w.t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}})
	if err != nil {
		w.t.Fatal(err)
	}
	batch, err := client.BatchGetItem(w.t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"t": {Keys: []map[string]types.AttributeValue{{"pk": str("a")}}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	if n := len(batch.Responses["t"]); n > 1 || n == 1 && text(batch.Responses["t"][0], "c") != text(got.Item, "c") || n == 0 && got.Item != nil {
		w.t.Errorf("a batch sees %v, a read %v", batch.Responses, got.Item)
	}
	found, err := client.Query(w.t.Context(), &dynamodb.QueryInput{TableName: aws.String("t"), IndexName: aws.String("i"),
		KeyConditionExpression: aws.String("g=:g"), ExpressionAttributeValues: attrs{":g": str("x")}})
	if err != nil {
		w.t.Fatal(err)
	}
	out := []string{text(got.Item, "c"), "|"}
	for _, it := range found.Items {
		out = append(out, text(it, "n"))
	}
	return strings.Join(out, " ")
}

func TestStaleReads(t *testing.T) {
	w := newWorld(t)
	w.seen(time.Second) // from here on versions are kept
	item := func(n int64) attrs { return attrs{"pk": str("a"), "g": str("x"), "n": num(n), "c": num(n)} }
	check := func(lag time.Duration, want string) {
		t.Helper()
		if got := w.seen(lag); got != want {
			t.Errorf("%s ago: saw %q, want %q", lag, got, want)
		}
	}
	start := w.now
	w.put(item(1))
	w.now = start.Add(10 * time.Second)
	w.put(item(2))
	w.now = start.Add(20 * time.Second)
	w.put(item(3))
	w.put(item(4)) // at the same moment: 3 is never seen
	w.now = start.Add(30 * time.Second)
	if _, err := w.client(ddbsim.ClientOptions{}).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}}); err != nil {
		t.Fatal(err)
	}
	w.now = start.Add(40 * time.Second)

	t.Run("see what there was then", func(t *testing.T) {
		check(0, " |")
		check(10*time.Second, " |")
		check(10*time.Second+1, "4 | 4")
		check(20*time.Second, "4 | 4")
		check(20*time.Second+1, "2 | 2")
		check(31*time.Second, "1 | 1")
		check(40*time.Second, "1 | 1")
		check(41*time.Second, " |")
	})
	t.Run("a consistent read is never late", func(t *testing.T) {
		got, err := w.client(ddbsim.ClientOptions{Lag: late(15 * time.Second)}).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}, ConsistentRead: aws.Bool(true)})
		if err != nil || got.Item != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("no further back than two minutes", func(t *testing.T) {
		w.now = start.Add(35 * time.Second).Add(2 * time.Minute)
		check(time.Hour, " |")
		check(2*time.Minute, " |")
		w.now = start.Add(25 * time.Second).Add(2 * time.Minute)
		check(time.Hour, "4 | 4")
	})
	t.Run("a table's own query is late as well", func(t *testing.T) {
		client := w.client(ddbsim.ClientOptions{Lag: late(time.Second)})
		in := &dynamodb.PutItemInput{TableName: aws.String("r"), Item: attrs{"pk": str("p"), "sk": str("1")}}
		if _, err := client.PutItem(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		for _, consistent := range []bool{false, true} {
			found, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("r"), KeyConditionExpression: aws.String("pk=:p"),
				ExpressionAttributeValues: attrs{":p": str("p")}, ConsistentRead: aws.Bool(consistent)})
			if err != nil || (len(found.Items) == 1) != consistent {
				t.Errorf("consistent %v: %v, %v", consistent, found.Items, err)
			}
		}
	})
}

// TestStaleReadsAgree compares what stale reads see, of many writes over half an hour, with what was noted at the time.
func TestStaleReadsAgree(t *testing.T) {
	w := newWorld(t)
	w.seen(0)
	start := w.now
	var then []string
	for i := range 1800 {
		w.now = start.Add(time.Duration(i) * time.Second)
		switch {
		case i%7 == 3:
			_, err := w.client(ddbsim.ClientOptions{}).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: attrs{"pk": str("a")}})
			if err != nil {
				t.Fatal(err)
			}
		case i%3 == 0:
			w.put(attrs{"pk": str("a"), "g": str("x"), "n": num(int64(i % 5)), "c": num(int64(i))})
		default:
			w.put(attrs{"pk": str(fmt.Sprint("b", i)), "g": str("y"), "n": num(int64(i))})
		}
		then = append(then, w.seen(0))
		for _, ago := range []int{1, 13, 60, 120} {
			if i < ago {
				continue
			}
			if got := w.seen(time.Duration(ago) * time.Second); got != then[i-ago] {
				t.Fatalf("at %d s, %d s ago: saw %q, want %q", i, ago, got, then[i-ago])
			}
		}
	}
}
