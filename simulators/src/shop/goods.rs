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
    "storm" "Storm lantern", "Burns in any wind", 6_495;
};

/// The good of an id.
pub(super) fn find(goods: &'static [Good], id: &str) -> Option<&'static Good> {
    goods.iter().find(|good| good.id == id)
}

#[cfg(test)]
mod tests {
    use tessera_protocol::{Amount, sandbox};

    use super::*;

    /// The demo's financial system plays outcomes for certain amounts.
    #[test]
    fn no_basket_of_up_to_four_pieces_is_an_outcome_of_the_sandbox() {
        for goods in [TEACUP, LANTERN] {
            let mut sums = vec![0];
            for _ in 0..4 {
                let more = goods
                    .iter()
                    .flat_map(|good| sums.iter().map(move |sum| sum + good.price));
                sums = sums.iter().copied().chain(more).collect();
                sums.sort_unstable();
                sums.dedup();
            }
            for sum in sums {
                assert_eq!(sandbox::of_amount(Amount::new(sum).unwrap()), None, "{sum}");
            }
        }
    }
}
