package ship

import (
	"slices"
	"testing"
)

func TestCustomsNeeded(t *testing.T) {
	at := func(country, postcode string) Address { return place(country, "", postcode).Normalised() }
	in := func(city string, a Address) Address { a.City = city; return a }
	us := func(state, zip string) Address { return place("US", state, zip).Normalised() }
	de, es, fr, it, gr, ie, gb, ch := at("DE", "10115"), at("ES", "28013"), at("FR", "75001"), at("IT", "00184"), at("GR", "10557"), at("IE", ""), at("GB", "SW1A 1AA"), at("CH", "8001")
	ni, ny := at("GB", "bt11aa"), us("NY", "10001")
	for name, c := range map[string]struct {
		from, to Address
		there    bool
		back     bool
	}{
		"within a country":                                 {de, at("DE", "80331"), false, false},
		"within the European Union":                        {de, fr, false, false},
		"between the Union and Switzerland":                {de, ch, true, true},
		"between the Union and Norway":                     {de, at("NO", "0150"), true, true},
		"between the Union and Türkiye":                    {de, at("TR", "34110"), true, true},
		"between the Union and Great Britain":              {de, gb, true, true},
		"between the United States and Canada":             {ny, place("CA", "ON", "K1A 0B1"), true, true},
		"between the United States and Germany":            {ny, de, true, true},
		"between China and Hong Kong":                      {at("CN", "100000"), at("HK", ""), true, true},
		"between China and Taiwan":                         {at("CN", "100000"), at("TW", "100001"), true, true},
		"between Switzerland and Liechtenstein":            {ch, at("LI", "9490"), false, false},
		"between France and Monaco":                        {fr, at("MC", "98000"), false, false},
		"between Italy and Monaco by its French postcode":  {it, at("FR", "98000"), false, false},
		"between Spain and the Canary Islands":             {es, at("ES", "35001"), true, true},
		"between two Canary Islands":                       {at("ES", "35001"), at("ES", "38001"), false, false},
		"between Spain and Ceuta":                          {es, at("ES", "51001"), true, true},
		"between Ceuta and Melilla":                        {at("ES", "51001"), at("ES", "52001"), true, true},
		"between Spain and Barcelona, whose code has a 35": {es, at("ES", "08035"), false, false},
		"between Germany and Büsingen":                     {de, at("DE", "78266"), true, true},
		"between Switzerland and Büsingen":                 {ch, at("DE", "78266"), false, false},
		"between Germany and Heligoland":                   {de, at("DE", "27498"), true, true},
		"between Italy and Livigno":                        {it, at("IT", "23041"), true, true},
		"between Italy and Livigno by its old postcode":    {it, in("LIVIGNO", at("IT", "23030")), true, true},
		"between Italy and Livigno's neighbours":           {it, in("Valfurva", at("IT", "23030")), false, false},
		"between Italy and Campione":                       {it, at("IT", "22061"), true, true},
		"between Italy and San Marino":                     {it, at("IT", "47890"), true, true},
		"between Finland and Åland":                        {at("FI", "00100"), at("FI", "22100"), true, true},
		"between Greece and Mount Athos":                   {gr, at("GR", "63086"), true, true},
		"between Greece and Mount Athos's neighbours":      {gr, at("GR", "63088"), false, false},
		"between France and Réunion":                       {fr, at("FR", "97400"), true, true},
		"between France and New Caledonia":                 {fr, at("FR", "98800"), true, true},
		"between Denmark and Greenland":                    {at("DK", "1050"), at("DK", "3900"), true, true},
		"between Portugal and Madeira":                     {at("PT", "1000-205"), at("PT", "9000-001"), false, false},
		"between Norway and Svalbard":                      {at("NO", "0150"), at("NO", "9170"), true, true},
		"between Great Britain and Man":                    {gb, at("IM", "IM1 1AA"), false, false},
		"between Great Britain and Jersey":                 {gb, at("JE", "JE2 3AB"), true, true},
		"between Great Britain and Jersey as a part of it": {gb, at("GB", "JE2 3AB"), true, true},
		"between Jersey and Jersey as a part of Britain":   {at("JE", "JE2 3AB"), at("GB", "JE2 3AB"), false, false},
		"between Jersey and Guernsey":                      {at("JE", "JE2 3AB"), at("GG", "GY1 1AA"), true, true},
		"to Northern Ireland but not from it":              {gb, ni, true, false},
		"from Man to Northern Ireland but not back":        {at("IM", "IM1 1AA"), ni, true, false},
		"between Northern Ireland and the Union":           {ni, ie, false, false},
		"between Northern Ireland and the Canary Islands":  {ni, at("ES", "35001"), true, true},
		"between Northern Ireland and Switzerland":         {ni, ch, true, true},
		"between Northern Ireland and Jersey":              {ni, at("JE", "JE2 3AB"), true, true},
		"within Northern Ireland":                          {ni, at("GB", "BT48 6AA"), false, false},
		"between Birmingham and London":                    {at("GB", "B1 1AA"), gb, false, false},
		"between the United States and Puerto Rico":        {ny, at("PR", "00901"), false, false},
		"between Puerto Rico and itself as a state":        {us("PR", "00901"), at("PR", "00901"), false, false},
		"between the United States and Alaska":             {ny, us("AK", "99501"), false, false},
		"between the United States and Guam":               {ny, us("GU", "96910"), true, true},
		"between Guam and the Virgin Islands":              {us("GU", "96910"), us("VI", "00801"), true, true},
		"within Guam":                                      {us("GU", "96910"), us("GU", "96911"), false, false},
		"between the United States and its forces":         {ny, us("AE", "09001"), true, true},
		"between its forces":                               {us("AE", "09001"), us("AE", "09002"), true, true},
		"between Great Britain and its forces":             {gb, at("GB", "BF1 3AA"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			if there, back := CustomsNeeded(c.from, c.to), CustomsNeeded(c.to, c.from); there != c.there || back != c.back {
				t.Errorf("there %t, want %t; back %t, want %t (%s, %s)", there, c.there, back, c.back, c.from.territory(), c.to.territory())
			}
		})
	}
}

func TestTerritoriesAreOfCountries(t *testing.T) {
	seen := map[string]bool{}
	for union, members := range unions {
		for _, m := range members {
			if _, ok := countries[m]; !ok || seen[m] {
				t.Errorf("%s, of %s, is not a country, or in two unions", m, union)
			}
			seen[m] = true
		}
	}
	for _, e := range enclaves {
		a := Address{Country: e.country, Postcode: e.postcode, City: e.city}
		if _, ok := countries[e.country]; !ok || a.territory() != e.territory {
			t.Errorf("%+v is not found: %s", e, a.territory())
		}
	}
	for state := range americanOutlying {
		if codes, _ := countries["US"].stateCodes(); !slices.Contains(codes, state) {
			t.Errorf("%s is not a state of American addresses", state)
		}
	}
}
