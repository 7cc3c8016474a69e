package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// What a client of the demo's CONBOX service needs, besides DemoPassword.
const (
	// DemoConboxUser is the account of the web server, which asks for Digest
	// with MD5-sess as IIS does.
	DemoConboxUser = "erp"
	// DemoUserCode is the UserCode of the envelope.
	DemoUserCode = "ERP01"
	// DemoUserAPIKey is its UserAPIKey, which may be left out.
	DemoUserAPIKey = "7546b3a7-73e8-40a7-a7b6-699b4d648ac1"
)

// demoConbox are the settings of the demo.
func demoConbox() ConboxSettings {
	return ConboxSettings{
		Auth: AuthDigest, Username: DemoConboxUser, Password: DemoPassword, UserCode: DemoUserCode, UserAPIKey: DemoUserAPIKey,
	}
}

// demoPositions are invented; the GUIDs that the vendor's samples use stand
// where they fit, so that those can be tried as they are. Others get one that
// is always the same. The first two columns are DocTyp and DocNbr.
const demoPositions = `
2;101224-01;Pos01;;T-780-WE;Innentür Weißlack, Drücker Edelstahl;780 x 2000 mm;DIN links;IT;Innentür;1234.56;987.65;1
2;101224-01;Pos02;;Z-160-WE;Zarge für Wandstärke 160 mm;Weißlack;;ZA;Zarge;345.0;155.25;1
2;101224-01;Pos03;;ET-BAND-3;Türband dreiteilig, verstellbar;vernickelt;;ET;Ersatzteil;18.90;12.40;3
2;000007;Pos01;ed3b6a84-695f-afac-d814-9ddd90754ed0;K-HS-600;Küchenhochschrank Eiche;600 x 2100 mm;Griffmulde;KM;Küchenmöbel;345.0;155.25;1
2;000007;Pos02;b061a882-3cfa-21a2-d814-380d500dbbc9;K-AP-3000;Arbeitsplatte Größe 3000 mm;Schichtstoff;;KM;Küchenmöbel;512.00;401.10;2
2;10000-15;Pos01;a4e656fc-c462-ef99-d814-52faad2fc8db;F-KF-1200;Kunststofffenster zweiflügelig;1200 x 1400 mm;Ug 0,5;FE;Fenster;689.5;540.00;4
2;10000-15;Pos02;;F-FB-1250;Fensterbank außen;Aluminium;;FE;Fenster;74.80;58.3;4
2;101225-03;Pos01;a4d77538-66ed-3d99-d714-b0222516131d;S-SS-2500;Schwebetürenschrank;2500 x 2300 mm;Spiegel;SM;Schlafzimmermöbel;1899.00;1420.75;1
2;101225-03;Pos02;a4d77538-66ed-3d99-d714-b0222516131e;K-US-900;Spülenunterschrank;900 x 760 mm;;KM;Küchenmöbel;259.00;199.999;1
2;Test02;Pos01;;T-ART-01;Testartikel Beschreibung;;;ET;Ersatzteil;10.5;8.00;1
2;Test02;Pos02;550e8400-e29b-41d4-a716-446655440000;T-ART-02;Testartikel Beschreibung zwei;;;ET;Ersatzteil;20.00;16.4;2
1;A-2026-118;Pos01;;H-HT-1100;Haustür Aluminium anthrazit;1100 x 2200 mm;Dreifachverriegelung;HT;Haustür;4250.00;3380.10;1
1;A-2026-118;Pos02;;H-ST-500;Seitenteil zur Haustür;500 x 2200 mm;;HT;Haustür;1180.00;930.00;2
`

// DemoDocuments are seven documents, among them the order 300000-01 with 300
// positions, Pos001 to Pos300.
func DemoDocuments() []ConboxDocument {
	var documents []ConboxDocument
	for line := range strings.Lines(strings.TrimSpace(demoPositions)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ";")
		typ, _ := strconv.ParseInt(f[0], 10, 64)
		if n := len(documents); n == 0 || documents[n-1].DocNbr != f[1] {
			documents = append(documents, ConboxDocument{DocTyp: typ, DocNbr: f[1]})
		}
		if f[3] == "" {
			f[3] = demoGUID(f[1], f[2])
		}
		d := &documents[len(documents)-1]
		d.Positions = append(d.Positions, ConboxPosition{
			PosNbr: f[2], PositionGuid: f[3], WarNbr: f[4], WarDsc: f[5], WarDscEx1: f[6], WarDscEx2: f[7], PrdGrp: f[8], PrdGrpDsc: f[9],
			ListPrice: json.Number(f[10]), FCoPrc: json.Number(f[11]), Amount: json.Number(f[12]),
		})
	}
	return append(documents, demoBigOrder())
}

// demoBigOrder is a housing estate's worth of doors.
func demoBigOrder() ConboxDocument {
	big := ConboxDocument{DocTyp: 2, DocNbr: "300000-01"}
	for i := range 300 {
		number := fmt.Sprintf("Pos%03d", i+1)
		width := 610 + i%4*125
		big.Positions = append(big.Positions, ConboxPosition{
			PosNbr: number, PositionGuid: demoGUID(big.DocNbr, number), WarNbr: fmt.Sprintf("T-%d-EI", width),
			WarDsc: "Innentür Eiche furniert", WarDscEx1: fmt.Sprintf("%d x 2000 mm", width), WarDscEx2: "Wohnung " + strconv.Itoa(i/6+1),
			PrdGrp: "IT", PrdGrpDsc: "Innentür",
			ListPrice: json.Number(fmt.Sprintf("%d.%02d", 300+width/10, i%100)), FCoPrc: json.Number(fmt.Sprintf("%d.50", 240+width/10)), Amount: "1",
		})
	}
	return big
}

func demoGUID(docNbr, posNbr string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("conbox demo "+docNbr+"/"+posNbr)).String()
}
