package ddbsim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The units of billing, in bytes.
const (
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

// units is how many units a size takes: one at least.
func units(bytes, per int) int64 { return int64(max(1, (bytes+per-1)/per)) }

// sizeOfItem is an item's size by the documented rules: the UTF-8 bytes of names and values, a byte for two digits
// of a number and one more, three bytes for a list or a map and one for each element.
func sizeOfItem(it attrs) int {
	n := 0
	for name, v := range it {
		n += len(name) + sizeOf(v)
	}
	return n
}

func sizeOf(v types.AttributeValue) int {
	n := 0
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return sizeOfNumber(v.Value)
	case *types.AttributeValueMemberL:
		for _, x := range v.Value {
			n += 1 + sizeOf(x)
		}
		return n + 3
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + sizeOfItem(v.Value)
	case *types.AttributeValueMemberSS:
		for _, s := range v.Value {
			n += len(s)
		}
		return n
	case *types.AttributeValueMemberNS:
		for _, s := range v.Value {
			n += sizeOfNumber(s)
		}
		return n
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			n += len(b)
		}
		return n
	}
	return 1 // true, false and null
}

// sizeOfNumber takes a number in canonical form: zeros at either end don't count, a minus does.
func sizeOfNumber(s string) int {
	digits, minus := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	switch {
	case fraction == "":
		whole = strings.TrimRight(whole, "0")
	case whole == "0":
		whole, fraction = "", strings.TrimLeft(fraction, "0")
	}
	n := (len(whole)+len(fraction)+1)/2 + 1
	if minus {
		n++
	}
	return n
}
