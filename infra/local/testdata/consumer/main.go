// Command consumer is a Lambda function for tests that appends what queues, streams and schedules give it to the
// file named by JOURNAL, one JSON line each. A body "fail" fails its record as long as the file named by BROKEN
// exists, "poison" always; "crash" ends the process while BROKEN exists.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

type failure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

type record struct {
	MessageID string `json:"messageId"`
	Body      string `json:"body"`
	DynamoDB  struct {
		SequenceNumber string
		NewImage       map[string]map[string]any
	} `json:"dynamodb"`
}

func (r record) command() string {
	if r.MessageID != "" {
		return r.Body
	}
	do, _ := r.DynamoDB.NewImage["do"]["S"].(string)
	return do
}

func (r record) id() string {
	if r.MessageID != "" {
		return r.MessageID
	}
	return r.DynamoDB.SequenceNumber
}

func main() {
	lambda.Start(func(_ context.Context, raw json.RawMessage) (any, error) {
		var ev struct {
			Records []json.RawMessage
		}
		if err := json.Unmarshal(raw, &ev); err != nil {
			return nil, err
		}
		if ev.Records == nil {
			return nil, journal(raw)
		}
		_, missing := os.Stat(os.Getenv("BROKEN"))
		broken := missing == nil
		failed := []failure{}
		for _, rawRecord := range ev.Records {
			var r record
			if err := json.Unmarshal(rawRecord, &r); err != nil {
				return nil, err
			}
			switch cmd := r.command(); {
			case cmd == "poison", cmd == "fail" && broken:
				failed = append(failed, failure{r.id()})
				if r.MessageID == "" { // of a stream: what follows comes again with it
					return map[string]any{"batchItemFailures": failed}, nil
				}
				continue
			case cmd == "crash" && broken:
				os.Exit(1)
			case cmd == "throw" && broken:
				return nil, errors.New("the whole batch fails")
			}
			if err := journal(rawRecord); err != nil {
				return nil, err
			}
		}
		return map[string]any{"batchItemFailures": failed}, nil
	})
}

func journal(line []byte) error {
	f, err := os.OpenFile(os.Getenv("JOURNAL"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}
