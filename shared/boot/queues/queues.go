// Package queues makes the sender of a function's queues.
package queues

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
)

// Sender finds the queues the function was given: QUEUE_CALLBACK_RETRIES is callback-retries, DLQ_… its dead-letter
// queue.
func Sender(a *boot.App) *sqsqueue.Sender {
	s := &sqsqueue.Sender{Client: sqs.NewFromConfig(a.AWS()), URL: map[queue.Name]string{}, Dead: map[queue.Name]string{}}
	for k, v := range a.Vars {
		if role, ok := strings.CutPrefix(k, "QUEUE_"); ok {
			s.URL[roleOf(role)] = v
		} else if role, ok := strings.CutPrefix(k, "DLQ_"); ok {
			s.Dead[roleOf(role)] = v
		}
	}
	return s
}

// Watch finds the queues whose depth is measured: WATCHED_QUEUES has their URLs, one behind the other.
func Watch(a *boot.App) *sqsqueue.Watch {
	w := &sqsqueue.Watch{Client: sqs.NewFromConfig(a.AWS()), URL: map[string]string{}}
	for url := range strings.SplitSeq(a.Vars["WATCHED_QUEUES"], ",") {
		if name := url[strings.LastIndex(url, "/")+1:]; name != "" {
			w.URL[strings.TrimPrefix(name, a.Env.Stack+"-")] = url
		}
	}
	return w
}

func roleOf(upper string) queue.Name {
	return queue.Name(strings.ReplaceAll(strings.ToLower(upper), "_", "-"))
}

// Graves finds the dead-letter queues that an operator's function reads: GRAVE_CALLBACK_RETRIES is that of callback-retries.
// DLQ_… are those that a consumer writes to.
func Graves(a *boot.App) map[queue.Name]string {
	out := map[queue.Name]string{}
	for k, v := range a.Vars {
		if role, ok := strings.CutPrefix(k, "GRAVE_"); ok {
			out[roleOf(role)] = v
		}
	}
	return out
}
