package sqsqueue

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/shared/obs"
)

// Watch measures how much waits in queues.
type Watch struct {
	Client *sqs.Client
	URL    map[string]string // by what follows the stack's name: "standard", "standard-dlq"
}

// watchedAtOnce is how many queues are asked side by side.
const watchedAtOnce = 8

// Measure measures every queue: QueueDepth of those that work is taken from, DeadLetters of those that it is put away on, by
// the role of their source. One that can't be asked is an error, and does not stop the others.
func (w *Watch) Measure(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(watchedAtOnce)
	for role, url := range w.URL {
		group.Go(func() error {
			waiting, err := w.waiting(ctx, url)
			if err != nil {
				return fmt.Errorf("asking how much waits in %s: %w", role, err)
			}
			if source, dead := strings.CutSuffix(role, "-dlq"); dead {
				obs.Measure(ctx, obs.DeadLetters, waiting, source)
			} else {
				obs.Measure(ctx, obs.QueueDepth, waiting, role)
			}
			return nil
		})
	}
	return group.Wait()
}

// waiting counts what can be received now or after its delay; what a function has at work waits no more.
func (w *Watch) waiting(ctx context.Context, url string) (int64, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesDelayed}
	out, err := w.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, name := range names {
		n, err := strconv.ParseInt(out.Attributes[string(name)], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is %q: %w", name, out.Attributes[string(name)], err)
		}
		sum += n
	}
	return sum, nil
}
