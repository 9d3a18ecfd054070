package conformance

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type attrs = map[string]types.AttributeValue

// number is a DynamoDB number as text, for what Go's integers don't hold.
type number string

// strings of a set, numbers of a set, and binaries of a set.
type (
	stringSet []string
	numberSet []string
	binarySet [][]byte
)

// item makes an item, a key or expression values of pairs of a name and a Go value.
func item(pairs ...any) attrs {
	out := attrs{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = value(pairs[i+1])
	}
	return out
}

// plus is an item with more attributes.
func plus(it attrs, pairs ...any) attrs {
	out := maps.Clone(it)
	maps.Copy(out, item(pairs...))
	return out
}

func value(v any) types.AttributeValue {
	switch v := v.(type) {
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case int:
		return &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
	case number:
		return &types.AttributeValueMemberN{Value: string(v)}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []any:
		l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for _, x := range v {
			l.Value = append(l.Value, value(x))
		}
		return l
	case attrs:
		return &types.AttributeValueMemberM{Value: v}
	case stringSet:
		return &types.AttributeValueMemberSS{Value: v}
	case numberSet:
		return &types.AttributeValueMemberNS{Value: v}
	case binarySet:
		return &types.AttributeValueMemberBS{Value: v}
	}
	panic(fmt.Sprintf("no attribute value: %T", v))
}

// show writes an item so that it can be read and compared: by name, texts in quotes, binaries in hex, and what is long
// by its length.
func show(it attrs) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(it)) {
		out = append(out, name+":"+showValue(it[name]))
	}
	return "{" + strings.Join(out, " ") + "}"
}

func showValue(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		if len(v.Value) > 50 {
			return fmt.Sprintf("(%d bytes)", len(v.Value))
		}
		return fmt.Sprintf("%q", v.Value)
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return "0x" + hex.EncodeToString(v.Value)
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(v.Value)
	case *types.AttributeValueMemberNULL:
		return "null"
	case *types.AttributeValueMemberL:
		var out []string
		for _, x := range v.Value {
			out = append(out, showValue(x))
		}
		return "[" + strings.Join(out, " ") + "]"
	case *types.AttributeValueMemberM:
		return show(v.Value)
	case *types.AttributeValueMemberSS:
		return fmt.Sprintf("SS%q", slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberNS:
		return fmt.Sprintf("NS%v", slices.Sorted(slices.Values(v.Value)))
	case *types.AttributeValueMemberBS:
		return fmt.Sprintf("BS%x", slices.SortedFunc(slices.Values(v.Value), slices.Compare))
	}
	return fmt.Sprintf("%T", v)
}

func showAll(items []map[string]types.AttributeValue) string {
	var out []string
	for _, it := range items {
		out = append(out, show(it))
	}
	return strings.Join(out, " ")
}
