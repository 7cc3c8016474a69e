package sandbox

// onePosition finds the position of Delete and GetPositionData, by the GUID
// under key or by its numbers.
func (c *conbox) onePosition(data object, key string) (place, error) {
	if data.has(key) {
		return c.documents.guid(data.text(key), data.number("DocTyp"))
	}
	name := nameOf(data, "")
	if !data.has("DocTyp") || name.nbr == "" || data.text("PosNbr") == "" {
		return place{}, refuse("Die Position wurde nicht angegeben.")
	}
	d, err := c.documents.document(name)
	if err != nil {
		return place{}, err
	}
	return c.documents.position(d, data.text("PosNbr"))
}

// deletePosition is Delete. The document stays, even an empty one.
func (c *conbox) deletePosition(call *conboxCall) (conboxStep, error) {
	at, err := c.onePosition(call.data, "PositionGuid")
	if err != nil {
		return conboxStep{}, err
	}
	apply := func() (object, []EffectPosition) {
		gone := []EffectPosition{at.record("")}
		c.documents.remove(at)
		return echo(call.data, deleteEcho), gone
	}
	return conboxStep{touched: []place{at}, apply: apply}, nil
}

// deleteEcho are the fields that the response samples of Delete repeat.
var deleteEcho = []string{"Action", "PositionGuid", "DocTyp", "DocNbr", "PosNbr"}

// echo is what of a request's data comes back, in the order of the sample.
func echo(data object, keys []string) object {
	var o object
	for _, key := range keys {
		if value, found := data.get(key); found {
			o = append(o, member{key, value})
		}
	}
	return o
}

// setReadyStatus is SetReadyStatus. A status that the document already has is
// an effect all the same: it sets off the vendor's further interfaces.
func (c *conbox) setReadyStatus(call *conboxCall) (conboxStep, error) {
	data := call.data
	ready, given := data.get("ReadyStatus")
	if !given || !data.has("DocTyp") || data.text("DocNbr") == "" {
		return conboxStep{}, refuse("Der Beleg oder der ReadyStatus wurde nicht angegeben.")
	}
	d, err := c.documents.document(nameOf(data, ""))
	if err != nil {
		return conboxStep{}, err
	}
	apply := func() (object, []EffectPosition) {
		d.Ready = ready == true
		return echo(data, []string{"Action", "DocTyp", "DocNbr", "ReadyStatus"}), nil
	}
	return conboxStep{touched: placesOf(d), apply: apply}, nil
}

// getPositionData is GetPositionData in both spellings, which the response
// always spells right. The GUID stands in PositionGuid or, as in the vendor's
// sample, in GetPostionData, as the settings have it.
func (c *conbox) getPositionData(call *conboxCall) (conboxStep, error) {
	data, key := call.data, "PositionGuid"
	odd := data.has(misspeltPositionData)
	switch {
	case c.settings.PositionData == PositionDataSample, c.settings.PositionData == PositionDataBoth && !data.has(key) && odd:
		key = misspeltPositionData
	case odd && data.has(key) && data.text(key) != data.text(misspeltPositionData):
		return conboxStep{}, refuse("PositionGuid und GetPostionData sind verschieden.")
	}
	at, err := c.onePosition(data, key)
	if err != nil {
		return conboxStep{}, err
	}
	p := at.position
	apply := func() (object, []EffectPosition) {
		return object{
			{"Action", positionData},
			{"PositionGuid", p.PositionGuid},
			{"WarNbr", p.WarNbr},
			{"ProductText", ""},
			{"ProductTextRTF", ""},
			{"ListPrice", p.ListPrice},
			{"WarDsc", p.WarDsc},
			{"WarDscEx1", p.WarDscEx1},
			{"WarDscEx2", p.WarDscEx2},
			{"FCoPrc", p.FCoPrc},
			{"PosImgURL", imageURL(call, p)},
			{"PosImg", c.images.encoded(p.WarNbr, plainImageSide, plainImageSide)},
			{"PrdGrp", p.PrdGrp},
			{"PrdGrpDsc", p.PrdGrpDsc},
		}, nil
	}
	return conboxStep{touched: []place{at}, apply: apply}, nil
}
