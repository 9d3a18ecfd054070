package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
)

// ndjson is the media type of JSON Lines.
const ndjson = "application/x-ndjson"

// ParseRows takes a body apart into rows. What is inside a row is not looked at: a row that is wrong is rejected when its
// turn comes, and the others go on. It returns *api.Error for a body that is no batch at all.
func ParseRows(contentType string, body []byte) (rows []string, err error) {
	if media, _, _ := mime.ParseMediaType(contentType); media == ndjson {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				rows = append(rows, string(line))
			}
		}
	} else if rows, err = parseObject(body); err != nil {
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

// parseObject reads {"shipments": [...]}. It goes along the members itself: encoding/json would take the last of two lists,
// and any spelling of the name, and would not tell of a member that is not heeded, such as a confirm for all rows.
func parseObject(body []byte) ([]string, error) {
	unreadable := func(err error) error {
		return api.Malformed("invalid_json", "The body could not be read: "+err.Error())
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, unreadable(err)
	}
	var rows []json.RawMessage
	var wrong []ship.Problem
	seen := false
	dec := json.NewDecoder(bytes.NewReader(body))
	_, _ = dec.Token() // whole was read: there is an object, or null
	for dec.More() {
		name, _ := dec.Token()
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, unreadable(err)
		}
		switch {
		case name != "shipments":
			wrong = append(wrong, ship.Problem{Field: fmt.Sprintf("%.100s", name), Code: "unknown_field", Detail: fmt.Sprintf("There is no field %.100q here; what is said of a shipment belongs into its row.", name)})
		case seen:
			return nil, api.Malformed("duplicate_key", "shipments is there more than once; leave one out.", ship.Problem{Field: "shipments", Code: "duplicate_key", Detail: "It is there more than once."})
		default:
			if err := json.Unmarshal(value, &rows); err != nil {
				return nil, unreadable(err)
			}
			seen = true
		}
	}
	if len(wrong) > 0 {
		return nil, api.Invalid("The batch has problems; each is listed in errors with its place.", wrong[:min(len(wrong), mostProblems)]...)
	}
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = string(row)
	}
	return out, nil
}
