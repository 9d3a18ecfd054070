package ddbsim

import (
	"math/big"
	"strconv"
	"strings"
)

// A DynamoDB number has up to 38 significant digits and a magnitude from 1E-130 to under 1E+126.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// plain tells whether s is a whole number in canonical form that fits 64 bits with room to spare, as nearly all are.
func plain(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) == 0 || len(digits) > 17 || (digits[0] == '0' && len(s) > 1) {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// compareNumbers orders two numbers in canonical form.
func compareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	if plain(a) && plain(b) {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		if x < y {
			return -1
		}
		return 1
	}
	x, _ := parseDecimal(a)
	y, _ := parseDecimal(b)
	return x.cmp(y)
}

// addNumbers is a+b, or a-b.
func addNumbers(a, b string, minus bool) (string, error) {
	if plain(a) && plain(b) {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		if minus {
			y = -y
		}
		return strconv.FormatInt(x+y, 10), nil
	}
	x, err := parseDecimal(a)
	if err != nil {
		return "", err
	}
	y, err := parseDecimal(b)
	if err != nil {
		return "", err
	}
	if minus {
		y.unscaled.Neg(&y.unscaled)
	}
	x.align(&y)
	x.unscaled.Add(&x.unscaled, &y.unscaled)
	return x.text()
}

// normalize is a number as DynamoDB gives it back: digits without an exponent, without needless zeros.
func normalize(s string) (string, error) {
	if plain(s) {
		return s, nil
	}
	d, err := parseDecimal(s)
	if err != nil {
		return "", err
	}
	return d.text()
}

// decimal is unscaled * 10^exponent.
type decimal struct {
	unscaled big.Int
	exponent int
}

func parseDecimal(s string) (decimal, error) {
	var d decimal
	bad := invalid("The parameter cannot be converted to a numeric value: %s", s)
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	if scientific {
		n, err := strconv.ParseInt(exponent, 10, 16)
		if err != nil {
			return d, bad
		}
		d.exponent = int(n)
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(mantissa, "+"), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole+fraction == "" || len(mantissa) > 400 || len(mantissa) > len(digits)+1 || strings.Trim(whole+fraction, "0123456789") != "" {
		return d, bad
	}
	d.unscaled.SetString(whole+fraction, 10)
	if strings.HasPrefix(mantissa, "-") {
		d.unscaled.Neg(&d.unscaled)
	}
	d.exponent -= len(fraction)
	return d, nil
}

// align brings two decimals to one exponent.
func (d *decimal) align(o *decimal) {
	for _, p := range [][2]*decimal{{d, o}, {o, d}} {
		if more := p[0].exponent - p[1].exponent; more > 0 {
			p[0].unscaled.Mul(&p[0].unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(more)), nil))
			p[0].exponent = p[1].exponent
		}
	}
}

func (d decimal) cmp(o decimal) int {
	d.align(&o)
	return d.unscaled.Cmp(&o.unscaled)
}

// text is the canonical form. It refuses what DynamoDB can't hold.
func (d decimal) text() (string, error) {
	digits := new(big.Int).Abs(&d.unscaled).String()
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return "0", nil
	}
	exponent := d.exponent + len(digits) - len(trimmed)
	magnitude := exponent + len(trimmed) - 1
	switch {
	case len(trimmed) > maxDigits:
		return "", invalid("Attempting to store more than 38 significant digits in a Number")
	case magnitude > maxExponent:
		return "", invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case magnitude < minExponent:
		return "", invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	sign := ""
	if d.unscaled.Sign() < 0 {
		sign = "-"
	}
	switch {
	case exponent >= 0:
		return sign + trimmed + strings.Repeat("0", exponent), nil
	case magnitude >= 0:
		return sign + trimmed[:magnitude+1] + "." + trimmed[magnitude+1:], nil
	}
	return sign + "0." + strings.Repeat("0", -magnitude-1) + trimmed, nil
}
