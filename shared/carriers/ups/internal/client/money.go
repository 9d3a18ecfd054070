package client

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/Rhymond/go-money"

	"github.com/fairlead/fairlead/shared/ship"
)

// Money reads an amount exactly, as minor units by the currency's ISO 4217 digits. It errs rather than round.
func (a Amount) Money() (ship.Money, error) {
	code := string(a.CurrencyCode)
	cur := money.GetCurrency(code)
	if cur == nil || len(code) != 3 {
		return ship.Money{}, fmt.Errorf("currency %q is not in ISO 4217", code)
	}
	whole, frac, _ := strings.Cut(string(a.MonetaryValue), ".")
	if extra := len(frac) - cur.Fraction; extra > 0 {
		if strings.Trim(frac[cur.Fraction:], "0") != "" {
			return ship.Money{}, fmt.Errorf("amount %q has more than %d decimals", a.MonetaryValue, cur.Fraction)
		}
		frac = frac[:cur.Fraction]
	}
	digits := whole + frac + strings.Repeat("0", cur.Fraction-len(frac))
	minor, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || whole == "" {
		return ship.Money{}, fmt.Errorf("amount %q is not a decimal number", a.MonetaryValue)
	}
	return ship.Money{Minor: int64(minor), Currency: code}, nil
}

// Decimal writes an amount exactly, with a decimal point where its currency has decimals; "" when the currency is not
// in ISO 4217 or the amount is negative.
func Decimal(m ship.Money) string {
	cur := money.GetCurrency(m.Currency)
	if cur == nil || len(m.Currency) != 3 || m.Minor < 0 {
		return ""
	}
	digits := fmt.Sprintf("%0*d", cur.Fraction+1, m.Minor)
	if cur.Fraction == 0 {
		return digits
	}
	point := len(digits) - cur.Fraction
	return digits[:point] + "." + digits[point:]
}

// Whole is an amount in whole units of its currency, rounded up; 0 as Decimal gives "".
func Whole(m ship.Money) int64 {
	cur := money.GetCurrency(m.Currency)
	if cur == nil || len(m.Currency) != 3 || m.Minor < 0 {
		return 0
	}
	unit := int64(1)
	for range cur.Fraction {
		unit *= 10
	}
	return m.Minor/unit + min(1, m.Minor%unit)
}
