package ddbsim_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
)

// told writes changes so that they can be compared.
func told(changes []ddbsim.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s: %s -> %s", c.Op.Name, c.Op.Key, text(c.Old, "c"), text(c.New, "c")))
	}
	return out
}

func TestStream(t *testing.T) {
	w := newWorld(t)
	var watched []ddbsim.Change
	w.Watch(func(_ context.Context, c ddbsim.Change) {
		watched = append(watched, c)
		w.Item("t", "a") // no lock is held
	})
	client := w.client(ddbsim.ClientOptions{})
	ctx := t.Context()
	key := attrs{"pk": str("a")}
	w.put(attrs{"pk": str("a"), "c": num(1)})
	_, _ = client.UpdateItem(ctx, count(1))
	_, _ = client.UpdateItem(ctx, count(1)) // refused
	w.put(attrs{"pk": str("a"), "c": num(2)})
	_, _ = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("r"), Item: attrs{"pk": str("p"), "sk": str("s"), "c": num(7)}})
	_, _ = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: key})
	_, _ = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("t"), Key: key})

	all := w.Stream("t", 0, 0)
	t.Run("holds each change of its table in order, and nothing that changed nothing", func(t *testing.T) {
		if diff := cmp.Diff([]string{"PutItem a:  -> 1", "UpdateItem a: 1 -> 2", "DeleteItem a: 2 -> "}, told(all)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("watchers hear of every write that was made", func(t *testing.T) {
		want := []string{"PutItem a:  -> 1", "UpdateItem a: 1 -> 2", "PutItem a: 2 -> 2", "PutItem p|s:  -> 7", "DeleteItem a: 2 -> "}
		if diff := cmp.Diff(want, told(watched)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("is read on from a record, so many at a time", func(t *testing.T) {
		if diff := cmp.Diff(told(all[1:2]), told(w.Stream("t", all[0].Seq, 1))); diff != "" {
			t.Error(diff)
		}
		if got := w.Stream("t", all[2].Seq, 0); len(got) != 0 {
			t.Errorf("after the last: %v", told(got))
		}
	})
	t.Run("a table without one has none", func(t *testing.T) {
		if got := w.Stream("r", 0, 0); len(got) != 0 {
			t.Errorf("got %v", told(got))
		}
	})
	t.Run("forgets after a day", func(t *testing.T) {
		w.now = w.now.Add(24*time.Hour + time.Second)
		w.put(attrs{"pk": str("a"), "c": num(9)})
		if diff := cmp.Diff([]string{"PutItem a:  -> 9"}, told(w.Stream("t", 0, 0))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestExpire(t *testing.T) {
	w := newWorld(t)
	for i, ttl := range []int64{w.now.Unix() - 1, w.now.Unix(), w.now.Unix() + 1} {
		w.put(attrs{"pk": str(fmt.Sprint(i)), "ttl": num(ttl)})
	}
	w.put(attrs{"pk": str("always")})
	if n := w.Expire(t.Context(), "t"); n != 2 {
		t.Errorf("%d are over", n)
	}
	var left []string
	for _, it := range w.Items("t") {
		left = append(left, text(it, "pk"))
	}
	if diff := cmp.Diff([]string{"2", "always"}, left); diff != "" {
		t.Error(diff)
	}
	if got := w.Stream("t", 0, 0); len(got) != 6 || got[5].Op.Name != "Expire" || got[5].New != nil {
		t.Errorf("the stream: %v", told(got))
	}
}

func TestRestore(t *testing.T) {
	w := newWorld(t)
	w.Watch(func(_ context.Context, c ddbsim.Change) {
		if c.Op.Key != "old" && c.Op.Key != "new" {
			t.Errorf("watchers heard of %s", c.Op.Key)
		}
	})
	w.put(attrs{"pk": str("old"), "g": str("x"), "n": num(1)})
	w.Restore("t", attrs{"pk": str("b"), "c": num(2)}, attrs{"pk": str("a"), "g": str("x"), "n": num(5), "c": num(1)})
	if items := w.Items("t"); len(items) != 2 || text(items[0], "pk") != "a" || w.Item("t", "old") != nil {
		t.Errorf("items %v", items)
	}
	if got := w.Stream("t", 0, 0); len(got) != 0 {
		t.Errorf("the stream: %v", told(got))
	}
	if got := w.seen(time.Minute); got != "1 | 5" {
		t.Errorf("a stale read sees %q", got)
	}
	w.put(attrs{"pk": str("new")})
	if got := told(w.Stream("t", 0, 0)); len(got) != 1 {
		t.Errorf("the stream: %v", got)
	}
}

// TestConcurrentWriters counts with many clients, each write on condition of what was read before.
func TestConcurrentWriters(t *testing.T) {
	w := newWorld(t)
	w.put(attrs{"pk": str("a"), "c": num(0)})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			client := w.client(ddbsim.ClientOptions{Lag: late(time.Second)})
			for done := int64(0); done < 50; {
				var was int64
				_, _ = fmt.Sscan(text(w.Item("t", "a"), "c"), &was)
				if _, err := client.UpdateItem(t.Context(), count(was)); err == nil {
					done++
				}
			}
		})
	}
	group.Wait()
	if got := text(w.Item("t", "a"), "c"); got != "400" {
		t.Errorf("counted %s", got)
	}
	last := int64(0)
	for _, c := range w.Stream("t", 0, 0) {
		if c.Seq <= last {
			t.Fatalf("sequence number %d after %d", c.Seq, last)
		}
		last = c.Seq
	}
}
