package sources

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// item writes an item in DynamoDB's JSON, the form stream events have.
func item(in map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = value(v)
	}
	return out
}

func value(v types.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": true}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Value)}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		list := make([]string, 0, len(v.Value))
		for _, b := range v.Value {
			list = append(list, base64.StdEncoding.EncodeToString(b))
		}
		return map[string]any{"BS": list}
	case *types.AttributeValueMemberL:
		list := make([]any, 0, len(v.Value))
		for _, e := range v.Value {
			list = append(list, value(e))
		}
		return map[string]any{"L": list}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": item(v.Value)}
	}
	return nil
}
