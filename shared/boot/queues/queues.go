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
