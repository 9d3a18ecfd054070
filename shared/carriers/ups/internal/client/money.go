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
