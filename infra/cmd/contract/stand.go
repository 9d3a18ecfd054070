package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/infra/local/endtoend"
)

// stand is the stack that is tried, with what is prepared in it.
type stand struct {
	data     string // folder of the run
	sim      *endtoend.Simulator
	stack    *endtoend.Stack
	receiver *http.Server
	hook     string // where the receiver takes callbacks

	owner, neighbour *endtoend.Shipper
}

// newStand starts the carrier simulator, the stack and a receiver of callbacks, on free ports.
func newStand(ctx context.Context, root, bin, data string) (_ *stand, err error) {
	s := &stand{data: data}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	if s.sim, err = endtoend.NewSimulator(ctx, 1); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.hook = "http://" + l.Addr().String() + "/"
	s.receiver = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}
	go func() { _ = s.receiver.Serve(l) }()
	s.stack, err = endtoend.Start(ctx, endtoend.Options{Root: root, Bin: bin, Data: filepath.Join(data, "stack"), Carrier: s.sim.URL})
	return s, err
}

// deadLetters is an error for messages that the workers gave up: what the API accepts they must be able to carry out.
func (s *stand) deadLetters(ctx context.Context) (found, err error) {
	client := s.stack.Queues()
	all, err := client.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	urls := slices.DeleteFunc(all.QueueUrls, func(url string) bool { return !strings.HasSuffix(url, "-dlq") })
	if len(urls) == 0 {
		return nil, errors.New("the stack has no dead-letter queue to look into")
	}
	for _, url := range urls {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			return nil, err
		}
		for _, m := range out.Messages {
			found = errors.Join(found, fmt.Errorf("a dead letter in %s: %.500s", path.Base(url), *m.Body))
		}
	}
	return found, nil
}

// close stops all that was started.
func (s *stand) close(ctx context.Context) {
	if s.stack != nil {
		if ctx.Err() != nil { // interrupted: nobody wants to wait
			s.stack.Kill()
		}
		s.stack.Close()
	}
	if s.receiver != nil {
		_ = s.receiver.Close()
	}
	if s.sim != nil {
		_ = s.sim.Close()
	}
}
