package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

// ParseRows takes a body apart into rows. What is inside a row is not looked at: a row that is wrong is rejected when its
// turn comes, and the others go on. It returns *api.Error for a body that is no batch at all.
func ParseRows(contentType string, body []byte) (rows []string, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, api.Malformed("empty_body", "The body is empty; send the shipments as JSON or as JSON Lines.")
	}
	if media, _, _ := mime.ParseMediaType(contentType); media == api.JSONLines {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				rows = append(rows, string(line))
			}
		}
	} else if rows, err = shipmentsOf(body); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, api.Malformed("empty_batch", "The batch has no shipments: give 1 to 1,000, in `shipments` or one a line.")
	}
	if len(rows) > MostRows {
		return nil, api.Malformed("batch_too_large", fmt.Sprintf("The batch has %d shipments; at most %d go into one. Send the others as another batch.", len(rows), MostRows))
	}
	return rows, nil
}

// shipmentsOf reads the object around the rows as strictly as any body: a second list of shipments, or one by another
// name, would otherwise be shipments that nobody ever hears of.
func shipmentsOf(body []byte) ([]string, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	begin, err := dec.Token()
	if err != nil {
		return nil, unreadable(dec, err)
	}
	if begin != json.Delim('{') {
		return nil, wrong(ship.Problem{Code: "type", Detail: "Send an object with the list shipments, or one shipment a line with Content-Type: application/x-ndjson."})
	}
	var list json.RawMessage
	var problems []ship.Problem
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		switch {
		case err != nil:
			return nil, unreadable(dec, err)
		case name != "shipments":
			problems = append(problems, ship.Problem{Field: fmt.Sprintf("%.100v", name), Code: "unknown_field", Detail: fmt.Sprintf("There is no field %.100q here; a batch has shipments and nothing else.", name)})
		case list != nil:
			problems = append(problems, ship.Problem{Field: "shipments", Code: "duplicate_key", Detail: "The object has this name more than once; put all shipments into one list."})
		default:
			list = value
		}
	}
	if _, err := dec.Token(); err != nil { // the end of the object
		return nil, unreadable(dec, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, unreadable(dec, errors.New("there is something behind the JSON value; one shipment a line is sent with Content-Type: application/x-ndjson"))
	}
	var rows []json.RawMessage
	if list != nil && (json.Unmarshal(list, &rows) != nil || rows == nil) {
		problems = append(problems, ship.Problem{Field: "shipments", Code: "type", Detail: "It has to be a list of shipments."})
	}
	if len(problems) > 0 {
		return nil, wrong(problems...)
	}
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = string(row)
	}
	return out, nil
}

func wrong(problems ...ship.Problem) error {
	return api.Invalid("The body is no batch; each problem is listed in errors with its place.", problems[:min(len(problems), mostProblems)]...)
}

// unreadable is a body that stops being JSON where the decoder is.
func unreadable(dec *json.Decoder, err error) error {
	at := dec.InputOffset()
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = s.Offset
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends before the JSON value does")
	}
	return api.Malformed("invalid_json", fmt.Sprintf("The body is not valid JSON, at byte %d: %v.", at, err))
}
