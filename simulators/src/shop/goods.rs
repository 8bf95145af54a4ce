//! What the shops sell. Prices are here and nowhere else: no page can name another.

/// Something to buy.
pub(super) struct Good {
    /// In addresses and forms.
    pub id: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    /// Minor units.
    pub price: u64,
    /// Drawn, as SVG.
    pub picture: &'static str,
}

macro_rules! goods {
    ($($id:literal $name:literal, $about:literal, $price:literal;)*) => {
        &[$(Good {
            id: $id,
            name: $name,
            about: $about,
            price: $price,
            picture: include_str!(concat!("files/pictures/", $id, ".svg")),
        }),*]
    };
}

/// Teacup & Co's.
pub(super) const TEACUP: &[Good] = goods! {
    "assam" "Assam, second flush", "Malty leaf tea, 100 g in a tin", 1_999;
    "teapot" "Teapot", "Glazed stoneware, one litre", 4_250;
    "cup" "Cup and saucer", "Thin porcelain", 1_450;
    "honey" "Heather honey", "From one hillside, 250 g", 875;
    "kettle" "Kettle", "Enamelled steel, whistles", 5_900;
};

/// Paper Lantern's.
pub(super) const LANTERN: &[Good] = goods! {
    "round" "Round lantern", "Rice paper and bamboo", 1_250;
    "star" "Star lantern", "Folds flat", 1_675;
    "string" "String of lights", "Three metres, warm white", 2_499;
    "storm" "Storm lantern", "Burns in any wind", 6_605;
};

/// The good of an id.
pub(super) fn find(goods: &'static [Good], id: &str) -> Option<&'static Good> {
    goods.iter().find(|good| good.id == id)
}
