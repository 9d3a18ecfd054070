package sim

import (
	"context"
	"net/http"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// CheckAddress says of every address that it is valid, unless its first line says otherwise.
func (s *Sim) CheckAddress(_ context.Context, a ship.Address, acct carrier.Account, _ carrier.Call) carrier.AddressAnswer {
	first := firstLine(a)
	answer := carrier.AddressAnswer{Kind: carrier.Answered, Place: place(a), Raw: carrier.Answer{Status: http.StatusOK, Sent: true}}
	switch {
	case acct.Mode != ship.Test:
		return carrier.AddressAnswer{Kind: carrier.AskRefused, Code: liveMode, Message: liveModeSaid}
	case marked(first, addressDown):
		return carrier.AddressAnswer{Message: lost, Raw: carrier.Answer{Sent: true, Error: lost}}
	case marked(first, addressUnknown):
		answer.Verdict, answer.Place = carrier.AddressUnknown, ship.UnknownPlace
	case marked(first, addressAmbiguous):
		answer.Verdict, answer.Candidates = carrier.AddressAmbiguous, candidates(a, "1 TEST STREET", "1 TEST AVENUE", "1 TEST COURT")
	case marked(first, addressCorrected):
		answer.Verdict, answer.Candidates = carrier.AddressCorrected, candidates(a, "1 TEST STREET")
	default:
		answer.Verdict, answer.Candidates = carrier.AddressValid, []ship.Address{a}
	}
	return answer
}

func firstLine(a ship.Address) string {
	if len(a.Lines) == 0 {
		return ""
	}
	return a.Lines[0]
}

// place is what the address says of itself, or a guess by whether a company stands in it.
func place(a ship.Address) ship.Place {
	residence := a.Company == ""
	if a.Residential != nil {
		residence = *a.Residential
	}
	if residence {
		return ship.Residence
	}
	return ship.Business
}

// candidates are a with other first lines; a itself is left as it is.
func candidates(a ship.Address, firsts ...string) []ship.Address {
	var list []ship.Address
	for _, first := range firsts {
		c := a
		c.Lines = append([]string{first}, a.Lines[1:]...)
		list = append(list, c)
	}
	return list
}
