package api

import (
	"encoding/json"
	"errors"
)

// Checker holds a request body against the contract's schema of a name and returns it as parsed JSON, its numbers as
// written. What is wrong comes back as one *Error with every problem.
type Checker func(body []byte, schema string) (any, error)

// Decode checks a request body and reads it into T. parsed is the body as the client wrote it.
func Decode[T any](r Request, schema string) (out T, parsed any, err error) {
	if r.Check == nil {
		return out, nil, errors.New("this function was started without a checker of bodies")
	}
	if parsed, err = r.Check(r.Body, schema); err != nil {
		return out, nil, err
	}
	if err := json.Unmarshal(r.Body, &out); err != nil {
		return out, nil, Malformed("invalid_json", "The body could not be read: "+err.Error())
	}
	return out, parsed, nil
}
