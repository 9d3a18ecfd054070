package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"

	"github.com/fairlead/fairlead/shared/api"
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
	} else {
		var in struct {
			Shipments []json.RawMessage `json:"shipments"`
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, api.Malformed("invalid_json", "The body could not be read: "+err.Error())
		}
		for _, row := range in.Shipments {
			rows = append(rows, string(row))
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
