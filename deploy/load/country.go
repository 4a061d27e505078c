package load

import (
	"encoding/json"
	"slices"
	"strings"
)

// organiser is one of the 22 organisers of social services and health care in Finland: a wellbeing
// services county, or Helsinki.
type organiser struct {
	key        string
	fi, sv, en string
	// thousands of inhabitants, by which the organiser gets its share of the country's matters.
	thousands int
	languages []string
	// municipalities are the largest ones: code, name, and the Swedish name where it differs.
	municipalities []string
}

var (
	finnish   = []string{"fi", "en"}
	bilingual = []string{"fi", "sv", "en"}
)

// organisers are those of 612/2021 § 5. Helsinki is an organiser by itself.
var organisers = []organiser{
	{"helsinki", "Helsingin kaupunki", "Helsingfors stad", "City of Helsinki", 674, bilingual, []string{"091 Helsinki/Helsingfors"}},
	{"vantaa-kerava", "Vantaan ja Keravan hyvinvointialue", "Vanda och Kervo välfärdsområde", "Wellbeing services county of Vantaa and Kerava", 288, bilingual, []string{"092 Vantaa/Vanda", "245 Kerava/Kervo"}},
	{"lansi-uusimaa", "Länsi-Uudenmaan hyvinvointialue", "Västra Nylands välfärdsområde", "Wellbeing services county of Western Uusimaa", 495, bilingual, []string{"049 Espoo/Esbo", "257 Kirkkonummi/Kyrkslätt", "444 Lohja/Lojo", "927 Vihti/Vichtis", "710 Raasepori/Raseborg", "078 Hanko/Hangö", "235 Kauniainen/Grankulla"}},
	{"ita-uusimaa", "Itä-Uudenmaan hyvinvointialue", "Östra Nylands välfärdsområde", "Wellbeing services county of East Uusimaa", 99, bilingual, []string{"638 Porvoo/Borgå", "753 Sipoo/Sibbo", "434 Loviisa/Lovisa", "018 Askola"}},
	{"keski-uusimaa", "Keski-Uudenmaan hyvinvointialue", "Mellersta Nylands välfärdsområde", "Wellbeing services county of Central Uusimaa", 206, finnish, []string{"106 Hyvinkää/Hyvinge", "186 Järvenpää/Träskända", "543 Nurmijärvi", "858 Tuusula/Tusby", "505 Mäntsälä"}},
	{"varsinais-suomi", "Varsinais-Suomen hyvinvointialue", "Egentliga Finlands välfärdsområde", "Wellbeing services county of Southwest Finland", 490, bilingual, []string{"853 Turku/Åbo", "734 Salo", "202 Kaarina/S:t Karins", "680 Raisio/Reso", "423 Lieto/Lundo", "529 Naantali/Nådendal", "445 Parainen/Pargas", "895 Uusikaupunki/Nystad"}},
	{"satakunta", "Satakunnan hyvinvointialue", "Satakunta välfärdsområde", "Wellbeing services county of Satakunta", 211, finnish, []string{"609 Pori/Björneborg", "684 Rauma/Raumo", "886 Ulvila/Ulvsby", "214 Kankaanpää", "102 Huittinen", "271 Kokemäki/Kumo"}},
	{"kanta-hame", "Kanta-Hämeen hyvinvointialue", "Egentliga Tavastlands välfärdsområde", "Wellbeing services county of Kanta-Häme", 169, finnish, []string{"109 Hämeenlinna/Tavastehus", "694 Riihimäki", "165 Janakkala", "061 Forssa", "082 Hattula"}},
	{"pirkanmaa", "Pirkanmaan hyvinvointialue", "Birkalands välfärdsområde", "Wellbeing services county of Pirkanmaa", 545, finnish, []string{"837 Tampere/Tammerfors", "536 Nokia", "980 Ylöjärvi", "211 Kangasala", "418 Lempäälä", "790 Sastamala", "604 Pirkkala/Birkala", "908 Valkeakoski"}},
	{"paijat-hame", "Päijät-Hämeen hyvinvointialue", "Päijänne-Tavastlands välfärdsområde", "Wellbeing services county of Päijät-Häme", 204, finnish, []string{"398 Lahti/Lahtis", "098 Hollola", "111 Heinola", "560 Orimattila"}},
	{"kymenlaakso", "Kymenlaakson hyvinvointialue", "Kymmenedalens välfärdsområde", "Wellbeing services county of Kymenlaakso", 158, finnish, []string{"286 Kouvola", "285 Kotka", "075 Hamina/Fredrikshamn"}},
	{"etela-karjala", "Etelä-Karjalan hyvinvointialue", "Södra Karelens välfärdsområde", "Wellbeing services county of South Karelia", 125, finnish, []string{"405 Lappeenranta/Villmanstrand", "153 Imatra", "580 Parikkala", "441 Luumäki"}},
	{"etela-savo", "Etelä-Savon hyvinvointialue", "Södra Savolax välfärdsområde", "Wellbeing services county of South Savo", 130, finnish, []string{"491 Mikkeli/S:t Michel", "740 Savonlinna/Nyslott", "593 Pieksämäki", "213 Kangasniemi", "178 Juva"}},
	{"pohjois-savo", "Pohjois-Savon hyvinvointialue", "Norra Savolax välfärdsområde", "Wellbeing services county of North Savo", 248, finnish, []string{"297 Kuopio", "749 Siilinjärvi", "140 Iisalmi/Idensalmi", "915 Varkaus", "420 Leppävirta", "402 Lapinlahti"}},
	{"pohjois-karjala", "Pohjois-Karjalan hyvinvointialue", "Norra Karelens välfärdsområde", "Wellbeing services county of North Karelia", 162, finnish, []string{"167 Joensuu", "276 Kontiolahti", "426 Liperi", "422 Lieksa", "260 Kitee", "541 Nurmes"}},
	{"keski-suomi", "Keski-Suomen hyvinvointialue", "Mellersta Finlands välfärdsområde", "Wellbeing services county of Central Finland", 273, finnish, []string{"179 Jyväskylä", "182 Jämsä", "992 Äänekoski", "410 Laukaa", "500 Muurame", "729 Saarijärvi"}},
	{"etela-pohjanmaa", "Etelä-Pohjanmaan hyvinvointialue", "Södra Österbottens välfärdsområde", "Wellbeing services county of South Ostrobothnia", 190, finnish, []string{"743 Seinäjoki", "301 Kurikka", "233 Kauhava", "408 Lapua/Lappo", "232 Kauhajoki", "145 Ilmajoki"}},
	{"pohjanmaa", "Pohjanmaan hyvinvointialue", "Österbottens välfärdsområde", "Wellbeing services county of Ostrobothnia", 177, bilingual, []string{"905 Vaasa/Vasa", "499 Mustasaari/Korsholm", "598 Pietarsaari/Jakobstad", "545 Närpiö/Närpes", "399 Laihia/Laihela", "287 Kristiinankaupunki/Kristinestad"}},
	{"keski-pohjanmaa", "Keski-Pohjanmaan hyvinvointialue", "Mellersta Österbottens välfärdsområde", "Wellbeing services county of Central Ostrobothnia", 67, bilingual, []string{"272 Kokkola/Karleby", "217 Kannus", "236 Kaustinen/Kaustby"}},
	{"pohjois-pohjanmaa", "Pohjois-Pohjanmaan hyvinvointialue", "Norra Österbottens välfärdsområde", "Wellbeing services county of North Ostrobothnia", 418, finnish, []string{"564 Oulu/Uleåborg", "678 Raahe/Brahestad", "244 Kempele", "305 Kuusamo", "977 Ylivieska", "208 Kalajoki", "535 Nivala"}},
	{"kainuu", "Kainuun hyvinvointialue", "Kajanalands välfärdsområde", "Wellbeing services county of Kainuu", 70, finnish, []string{"205 Kajaani/Kajana", "765 Sotkamo", "290 Kuhmo", "777 Suomussalmi"}},
	{"lappi", "Lapin hyvinvointialue", "Lapplands välfärdsområde", "Wellbeing services county of Lapland", 175, finnish, []string{"698 Rovaniemi", "851 Tornio/Torneå", "240 Kemi", "758 Sodankylä", "148 Inari/Enare", "320 Kemijärvi", "261 Kittilä"}},
}

// The key of an agency begins with the prefix of its kind.
const (
	kelaKey      = "kela"
	socialPrefix = "hva-"
	healthPrefix = "terveys-"
	youthPrefix  = "etsiva-"
)

// emergencyGrace is short, so that emergencies become overdue in a run of some minutes.
const emergencyGrace = "1m"

// The format of a directory file, as far as the country needs it.
type (
	fileDirectory struct {
		Agencies []fileAgency `json:"agencies"`
	}
	fileAgency struct {
		Agency           string     `json:"agency"`
		Kind             string     `json:"kind"`
		Names            names      `json:"names"`
		Units            []fileUnit `json:"units"`
		NoConsentProfile string     `json:"noConsentProfile"`
		Graces           fileGraces `json:"graces"`
	}
	fileUnit struct {
		Unit           string   `json:"unit"`
		Names          names    `json:"names"`
		Municipalities []string `json:"municipalities,omitempty"`
		Languages      []string `json:"languages"`
		ServiceKeys    []string `json:"serviceKeys,omitempty"`
		Intake         bool     `json:"intake,omitempty"`
	}
	fileGraces struct {
		Emergency string `json:"emergency"`
	}
	names struct {
		Fi string `json:"fi"`
		Sv string `json:"sv"`
		En string `json:"en"`
	}
)

// Directory returns a directory file of the synthetic country: Kela, the 22 organisers with their
// health care, and the outreach youth work of their largest municipalities.
func Directory() ([]byte, error) {
	country := fileDirectory{Agencies: []fileAgency{{
		Agency: kelaKey, Kind: "BENEFITS", Names: names{"Kansaneläkelaitos", "Folkpensionsanstalten", "Social Insurance Institution"}, NoConsentProfile: "MINIMAL",
		Units: []fileUnit{{Unit: "toimeentulotuki", Names: names{"Perustoimeentulotuki", "Grundläggande utkomststöd", "Basic social assistance"}, Languages: bilingual, Intake: true}},
	}}}
	for _, o := range organisers {
		country.Agencies = append(country.Agencies, o.social(), o.health())
		for _, municipality := range o.municipalities {
			country.Agencies = append(country.Agencies, o.youth(municipality))
		}
	}
	for i := range country.Agencies {
		country.Agencies[i].Graces.Emergency = emergencyGrace
	}
	return json.MarshalIndent(country, "", " ")
}

func (o organiser) social() fileAgency {
	a := fileAgency{
		Agency: socialPrefix + o.key, Kind: "SOCIAL_SERVICES", Names: names{o.fi, o.sv, o.en}, NoConsentProfile: "NECESSARY",
		Units: []fileUnit{{Unit: "palveluohjaus", Names: names{"Työikäisten palveluohjaus", "Servicehandledning för personer i arbetsför ålder", "Service guidance for working-age people"}, Languages: o.languages, Intake: true}},
	}
	for _, municipality := range o.municipalities {
		code, fi, sv := read(municipality)
		a.Units = append(a.Units, fileUnit{
			Unit: "tyoikaiset-" + plain(fi), Municipalities: []string{code}, Languages: o.languages,
			Names: names{"Työikäisten sosiaalipalvelut, " + fi, "Socialservice för personer i arbetsför ålder, " + sv, "Working-age social services, " + fi},
		})
	}
	return a
}

func (o organiser) health() fileAgency {
	a := fileAgency{
		Agency: healthPrefix + o.key, Kind: "HEALTH_CARE", NoConsentProfile: "NECESSARY",
		Names: names{"Terveyspalvelut, " + o.fi, "Hälsovård, " + o.sv, "Health services, " + o.en},
	}
	for i, municipality := range o.municipalities {
		code, fi, sv := read(municipality)
		a.Units = append(a.Units, fileUnit{
			Unit: "terveysasema-" + plain(fi), Municipalities: []string{code}, Languages: o.languages, Intake: i == 0, ServiceKeys: []string{"tyokyvyn-arvio"},
			Names: names{"Terveysasema, " + fi, "Hälsostation, " + sv, "Health centre, " + fi},
		})
	}
	return a
}

func (o organiser) youth(municipality string) fileAgency {
	code, fi, sv := read(municipality)
	name := names{"Etsivä nuorisotyö, " + fi, "Uppsökande ungdomsarbete, " + sv, "Outreach youth work, " + fi}
	return fileAgency{
		Agency: youthPrefix + plain(fi), Kind: "YOUTH_WORK", Names: name, NoConsentProfile: "MINIMAL",
		Units: []fileUnit{{Unit: "etsiva", Names: name, Municipalities: []string{code}, Languages: o.languages, Intake: true}},
	}
}

// read splits a municipality's line into code, Finnish name and Swedish name.
func read(municipality string) (code, fi, sv string) {
	code, name, _ := strings.Cut(municipality, " ")
	fi, sv, other := strings.Cut(name, "/")
	if !other {
		sv = fi
	}
	return code, fi, sv
}

// plain writes a name in the form of a key.
func plain(name string) string {
	return strings.NewReplacer("ä", "a", "å", "a", "ö", "o", " ", "-").Replace(strings.ToLower(name))
}

// share is an agency's weight in the country's matters, in thousands of inhabitants. Agencies that
// the country does not know all get the same weight.
func share(agency string) float64 {
	at := slices.IndexFunc(organisers, func(o organiser) bool { return agency == socialPrefix+o.key || agency == healthPrefix+o.key })
	if at < 0 {
		return 1
	}
	return float64(organisers[at].thousands)
}
