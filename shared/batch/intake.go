package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
)

// ndjson is the media type of JSON Lines.
const ndjson = "application/x-ndjson"

// ParseRows takes a body apart into rows. What is inside a row is not looked at: a row that is wrong is rejected when its
// turn comes, and the others go on. It returns *api.Error for a body that is no batch at all.
func ParseRows(contentType string, body []byte, check api.Checker) (rows []string, err error) {
	if media, _, _ := mime.ParseMediaType(contentType); media == ndjson {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				rows = append(rows, string(line))
			}
		}
	} else {
		var around []byte
		rows, around = outline(body)
		if _, err := check(around, "BatchRequest"); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, api.Malformed("empty_batch", "The batch has no shipments: give 1 to 1,000, in `shipments` or one a line.")
	}
	if len(rows) > MostRows {
		return nil, api.Malformed("batch_too_large", fmt.Sprintf("The batch has %d shipments; at most %d go into one. Send the others as another batch.", len(rows), MostRows))
	}
	return rows, nil
}

// outline are the rows of a JSON batch, and the batch with one good row in their place: what stands around them can be held
// against the contract. A body that can't be read is its own outline.
func outline(body []byte) (rows []string, around []byte) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if begin, err := dec.Token(); err != nil || begin != json.Delim('{') {
		return nil, body
	}
	var members []string
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			return nil, body
		}
		var list []json.RawMessage
		if name == "shipments" && json.Unmarshal(value, &list) == nil && list != nil {
			value = []byte("[{}]")
			for _, row := range list {
				rows = append(rows, string(row))
			}
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, body
		}
		members = append(members, string(key)+":"+string(value))
	}
	if _, err := dec.Token(); err != nil {
		return nil, body
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, body
	}
	return rows, []byte("{" + strings.Join(members, ",") + "}")
}
