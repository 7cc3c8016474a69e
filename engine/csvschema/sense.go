package csvschema

import "strings"

// Accepts reports whether text is of the column's type, written as files of the column write it. What else the column asks for does
// not count.
func (c Column) Accepts(text string) bool {
	t, err := newColumn(c.bare(), Options{})
	return err == nil && (&checker{}).isType(t, []byte(text))
}

// Bounds says what is wrong with min and max: which of them no file could be held against, as "min" and "max", and whether the
// first is above the second.
func (c Column) Bounds() (unreadable []string, reversed bool) {
	t, err := newColumn(c.bare(), Options{})
	if err != nil {
		return nil, false
	}
	for _, end := range t.ends(c) {
		if end.text != "" && !t.reads(end) {
			unreadable = append(unreadable, end.name)
		}
	}
	if len(unreadable) > 0 || c.Min == "" || c.Max == "" {
		return unreadable, false
	}
	if t.low != nil && t.high != nil {
		return nil, t.low.exact.Cmp(t.high.exact) > 0
	}
	return nil, t.from > t.until
}

// bare is the column without its constraints.
func (c Column) bare() Column {
	return Column{Name: c.Name, Type: c.Type, Format: c.Format, Decimal: c.Decimal, Group: c.Group, Scale: -1}
}

// SoundFormat reports whether the column's date format, if it has one, consists of tokens, at least one, and of what may stand
// between them. A single D is neither: it would be a letter that every date has to hold.
func (c Column) SoundFormat() bool {
	if c.Format == "" {
		return true
	}
	between := c.Format
	for _, t := range dateTokens {
		between = strings.ReplaceAll(between, t.token, "")
	}
	return between != c.Format && strings.Trim(between, ".-/: T") == ""
}
