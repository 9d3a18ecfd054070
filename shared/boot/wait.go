package boot

import (
	"context"
	"time"

	"github.com/aws/smithy-go/middleware"

	"github.com/fairlead/fairlead/shared/obs"
)

// timed adds what each try of an AWS call took, from the request to the head of its answer, to the clock of the unit of
// work. It stands closest to the wire, so that signing, encoding and waits between tries are the function's own.
func timed(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("FairleadTimed", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		began := time.Now()
		defer func() { obs.Waited(ctx, time.Since(began)) }()
		return next.HandleDeserialize(ctx, in)
	}), middleware.After)
}
