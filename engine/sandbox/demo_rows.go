package sandbox

import (
	"slices"
	"strings"
	"time"
)

// demoStaff are forty invented people. Who has no date of entry starts on the
// first of one of the two months after now, so that an export of this month's
// entries finds somebody in every company.
func demoStaff(now time.Time) *Table {
	t := parseTable(demoPeople)
	entry := slices.Index(t.Columns, "Eintritt")
	for i, row := range t.Rows {
		if row[entry] == "" {
			row[entry] = time.Date(now.Year(), now.Month()+1+time.Month(i%2), 1, 0, 0, 0, 0, time.UTC).Format(dateLayout)
		}
	}
	return t
}

// parseTable reads lines of semicolon fields, the first as header.
func parseTable(text string) *Table {
	t := &Table{}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fields := strings.Split(strings.TrimSpace(line), ";")
		if t.Columns == nil {
			t.Columns = fields
			continue
		}
		t.Rows = append(t.Rows, fields)
	}
	return t
}

const demoPeople = `
PersonalNr;FirmenNr;Name;Vorname;Geburtsdatum;Eintritt;Abteilung;Kostenstelle;Gehalt;PLZ;Ort
1001;01;Müller;Jürgen;24.07.1962;01.05.1995;Vertrieb;4001;3700,00;33602;Bielefeld
1002;01;Schröder;Änne;10.01.1984;01.07.2024;Einkauf;4101;6150,00;33602;Bielefeld
1005;04;Weiß;Günther;07.01.1984;01.02.2005;Fertigung;4204;4450,00;4600;Wels
1007;04;Größl;Franz;21.12.1985;01.05.2007;Konstruktion;4304;3350,00;4600;Wels
1013;07;Krüger;Sabine;06.04.1980;15.09.2004;Personal;4407;4500,00;10115;Berlin
1020;07;Jäger;Björn;19.12.1981;01.01.2007;Buchhaltung;4507;6000,00;10115;Berlin
1024;01;Bäcker;Ursula;14.08.1972;15.10.2007;Instandhaltung;4601;4250,00;33602;Bielefeld
1027;01;König;Jörg;15.11.1971;01.02.1991;Vertrieb;4001;6150,00;33602;Bielefeld
1033;04;Fröhlich;Käthe;03.07.1974;01.03.2001;Einkauf;4104;6850,00;4600;Wels
1036;04;Hübner;Matthias;24.10.1982;01.06.2016;Fertigung;4204;6800,00;4600;Wels
1039;07;Löffler;Sören;09.10.1984;01.01.2003;Konstruktion;4307;4300,00;10115;Berlin
1042;07;Schäfer;Brigitte;01.01.1984;01.05.2018;Personal;4407;7200,00;10115;Berlin
1045;01;Döring;Rüdiger;10.06.1971;01.01.2009;Buchhaltung;4501;6950,00;33602;Bielefeld
1052;01;Groß;Monika;15.05.1970;01.05.2001;Instandhaltung;4601;4450,00;33602;Bielefeld
1057;04;Huber;Maximilian;12.01.1964;01.06.1989;Vertrieb;4004;3850,00;4600;Wels
1064;04;Österreicher;Elfriede;15.04.1965;01.05.1995;Einkauf;4104;4100,00;4600;Wels
1065;07;Yilmaz;Aylin;20.11.1971;01.01.1999;Fertigung;4207;6600,00;10115;Berlin
1070;07;Nowak;Lukas;11.01.1969;15.10.2004;Konstruktion;4307;6150,00;10115;Berlin
1077;02;Vößing;Hannelore;16.04.1977;15.11.2001;Personal;4402;5650,00;89073;Ulm
1081;03;Pöschl;Vroni;15.04.1994;01.04.2015;Buchhaltung;4503;5500,00;93047;Regensburg
1085;05;Straßer;Ludwig;09.05.1973;01.01.1991;Instandhaltung;4605;6100,00;83022;Rosenheim
1092;06;Kühn;Dörte;05.06.1965;01.07.2005;Vertrieb;4006;4800,00;24103;Kiel
1097;08;Ünal;Deniz;16.07.1967;15.11.1991;Einkauf;4108;5500,00;97070;Würzburg
1104;09;Grünwald;Theo;22.08.1986;01.06.2007;Fertigung;4209;4850,00;99084;Erfurt
1109;10;Mößner;Gisela;11.07.1972;01.11.2006;Konstruktion;4310;3250,00;02826;Görlitz
1115;11;Behrens;Fiete;20.03.1979;01.01.2014;Personal;4411;7000,00;26122;Oldenburg
1122;12;Çelik;Emre;19.08.1987;01.12.2018;Buchhaltung;4512;5200,00;50667;Köln
1129;01;von Brück;Annegret;01.10.1978;01.04.1999;Instandhaltung;4601;3550,00;33602;Bielefeld
1136;01;Römer;Lena;25.07.1968;;Vertrieb;4001;6300,00;33602;Bielefeld
1138;02;Zöllner;Paul;06.11.1984;;Einkauf;4102;4950,00;89073;Ulm
1143;03;Häusler;Mia;15.01.1981;;Fertigung;4203;3000,00;93047;Regensburg
1147;04;Würth;Jonas;18.05.1984;;Konstruktion;4304;3600,00;4600;Wels
1150;05;Böhm;Emilia;03.09.1984;;Personal;4405;4750,00;83022;Rosenheim
1157;06;Süß;Noah;03.02.1994;;Buchhaltung;4506;5750,00;24103;Kiel
1159;07;Führmann;Clara;26.05.2000;;Instandhaltung;4607;4250,00;10115;Berlin
1166;08;Lüders;Finn;13.02.1974;;Vertrieb;4008;3550,00;97070;Würzburg
1171;09;Mädler;Ida;14.07.1990;;Einkauf;4109;3200,00;99084;Erfurt
1177;10;Tröger;Anton;10.08.1983;;Fertigung;4210;3500,00;02826;Görlitz
1180;11;Jürgens;Wiebke;28.03.1985;;Konstruktion;4311;3750,00;26122;Oldenburg
1184;12;Räder;Oskar;28.06.1982;;Personal;4412;6200,00;50667;Köln
`

const demoAbsences = `
PersonalNr;Art;Von;Bis;Tage;Bemerkung
1001;Urlaub;02.01.2026;02.01.2026;1;
1007;Krankheit;05.02.2026;06.02.2026;2;
1024;Urlaub;08.03.2026;10.03.2026;3;
1036;Elternzeit;11.04.2026;14.04.2026;4;
1045;Fortbildung;14.05.2026;18.05.2026;5;
1064;Urlaub;17.06.2026;17.06.2026;1;
1077;Krankheit;20.07.2026;21.07.2026;2;
1092;Sonderurlaub;23.08.2026;25.08.2026;3;
`
