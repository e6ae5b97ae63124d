//! Common short forms of given names in English-speaking countries, from general knowledge and
//! not complete. Two names of one row may be one person's.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A name with its spellings and short forms, a row each.
const ROWS: &[&str] = &[
    "ABIGAIL ABBY GAIL",
    "ALAN ALLAN ALLEN AL",
    "ALBERT AL BERT BERTIE",
    "ALEXANDER ALEX ALEC SANDY XANDER LEX",
    "ALEXANDRA ALEX ALEXA SANDRA SANDY LEXI",
    "ALFRED ALF ALFIE FRED",
    "ALISON ALI ALLIE",
    "AMANDA MANDY AMY",
    "ANDREW ANDY DREW",
    "ANGELA ANGIE ANGE",
    "ANN ANNE ANNA ANNIE NANCY",
    "ANTHONY ANTONY TONY",
    "ARTHUR ART ARTIE",
    "BARBARA BARB BABS BARBIE",
    "BARRY BAZ BAZZA",
    "BENJAMIN BEN BENNY BENJI",
    "BERNARD BERNIE",
    "BEVERLEY BEVERLY BEV",
    "BRADLEY BRAD",
    "BRIDGET BRIDIE BIDDY",
    "CAMERON CAM",
    "CAROLINE CAROLYN CAROL CARRIE CAZ",
    "CATHERINE KATHERINE KATHRYN CATHRYN CATH CATHY KATH KATHY KATE KATIE KAY KIT KITTY",
    "CHARLES CHARLIE CHARLEY CHUCK CHAS CHAZ",
    "CHARLOTTE CHARLIE LOTTIE",
    "CHRISTINE CHRISTINA CHRIS CHRISSY TINA",
    "CHRISTOPHER CHRIS KIT TOPHER",
    "CLIFFORD CLIFF",
    "CONSTANCE CONNIE",
    "CYNTHIA CINDY",
    "DANIEL DAN DANNY",
    "DANIELLE DANNI DANI",
    "DAVID DAVE DAVEY",
    "DEBORAH DEBRA DEB DEBBIE",
    "DENNIS DENIS DEN",
    "DIANE DIANA DI",
    "DOMINIC DOM",
    "DONALD DON DONNY",
    "DOROTHY DOT DOTTIE DOLLY",
    "DOUGLAS DOUG",
    "EDMUND ED EDDIE TED",
    "EDWARD ED EDDIE EDDY TED TEDDY NED",
    "EDWIN ED EDDIE",
    "ELEANOR ELLIE NELL NELLIE NORA",
    "ELIZABETH ELISABETH LIZ LIZZIE LIZZY LISA BETH BETTY BESS BETSY LIBBY ELIZA ELSIE",
    "EMILY EM EMMY",
    "EUGENE GENE",
    "FLORENCE FLO FLORRIE FLOSSIE",
    "FRANCES FRAN FRANKIE FRANNIE",
    "FRANCIS FRANK FRANKIE",
    "FREDERICK FREDRICK FRED FREDDIE FREDDY",
    "GABRIEL GABE",
    "GABRIELLE GABBY",
    "GEOFFREY JEFFREY GEOFF JEFF",
    "GERALD GERRY JERRY",
    "GERALDINE GERRY",
    "GERARD GERRY",
    "GRAHAM GRAEME",
    "GREGORY GREG",
    "GWENDOLINE GWENDOLYN GWEN",
    "HAROLD HARRY HAL",
    "HARRIET HATTIE",
    "HENRY HARRY HANK",
    "HERBERT HERB BERT",
    "HELEN NELL NELLIE",
    "ISABELLA ISABEL BELLA IZZY BELLE",
    "JACOB JAKE",
    "JACQUELINE JACKIE JACQUI",
    "JAMES JIM JIMMY JAMIE JAMEY",
    "JANET JAN",
    "JANICE JAN",
    "JASON JAY",
    "JENNIFER JEN JENNY JENNIE JENNA",
    "JEREMY JEREMIAH JERRY",
    "JESSICA JESS JESSIE",
    "JOANNE JOANNA JO JOAN",
    "JOHN JACK JOHNNY JON",
    "JONATHAN JON JONNY NATHAN",
    "JOSEPH JOE JOEY",
    "JOSEPHINE JO JOSIE",
    "JOSHUA JOSH",
    "JUDITH JUDY JUDE",
    "JULIA JULIE JULES",
    "KATHLEEN KATH KATHY KAY",
    "KENNETH KEN KENNY",
    "KIMBERLEY KIMBERLY KIM",
    "KRISTEN KRISTIN KRISTINE KRIS",
    "LACHLAN LACHIE LOCKIE",
    "LAURENCE LAWRENCE LARRY LAURIE LAWRIE",
    "LEONARD LEN LENNY LEO",
    "LESLEY LESLIE LES",
    "LILLIAN LILIAN LIL LILY",
    "LINDA LYNDA LYN LINDY",
    "LOUISE LOU",
    "LOUIS LEWIS LOU",
    "LUCILLE LUCY",
    "LYNETTE LYN LYNNE",
    "MADELEINE MADELINE MADDY MADDIE",
    "MARGARET MAGGIE PEGGY PEG MEG MARGE MARGIE MARG RITA GRETA DAISY",
    "MARIA MARIE MARY",
    "MARILYN LYN",
    "MARTIN MARTY",
    "MARY MOLLY POLLY MAY MAMIE",
    "MATILDA TILLY TILDA",
    "MATTHEW MATT MATTY MAT",
    "MAUREEN MO",
    "MAXWELL MAX",
    "MEGAN MEG",
    "MELANIE MEL",
    "MELISSA MEL MISSY LISSA",
    "MICHAEL MIKE MICK MICKY MICKEY MICH",
    "MICHELLE SHELL SHELLEY CHELLE",
    "MILDRED MILLIE",
    "MITCHELL MITCH",
    "NATALIE NAT",
    "NATHAN NATHANIEL NATE NAT",
    "NICHOLAS NICOLAS NICK NICKY NICO",
    "NICOLE NICKY NIC NIKKI",
    "OLIVER OLLIE",
    "OLIVIA LIV LIVVY",
    "PAMELA PAM",
    "PATRICIA PAT PATTY PATSY TRISH TRICIA",
    "PATRICK PAT PADDY RICK",
    "PENELOPE PENNY",
    "PETER PETE",
    "PHILIP PHILLIP PHIL PIP",
    "PHILIPPA PIP PIPPA",
    "PRUDENCE PRU",
    "RACHEL RACHAEL RACH",
    "RAYMOND RAY",
    "REBECCA REBEKAH BEC BECKY BECCA",
    "REGINALD REG REGGIE",
    "RICHARD RICK RICKY RICH RICHIE DICK",
    "ROBERT BOB BOBBY ROB ROBBIE BERT",
    "ROBERTA BOBBIE",
    "ROBYN ROBIN ROB",
    "RODNEY ROD",
    "ROGER RODGE",
    "RONALD RON RONNIE",
    "ROSEMARY ROSE ROSIE",
    "RUSSELL RUSS",
    "SAMANTHA SAM SAMMY",
    "SAMUEL SAM SAMMY",
    "SANDRA SANDY",
    "SARAH SARA SALLY SADIE",
    "SEBASTIAN SEB",
    "SHIRLEY SHIRL",
    "SIMON SI",
    "STANLEY STAN",
    "STEPHANIE STEPH STEFFI",
    "STEPHEN STEVEN STEVE STEVIE",
    "STUART STEWART STU",
    "SUSAN SUSANNE SUZANNE SUE SUSIE SUZIE SUZY",
    "SYLVIA SYL",
    "TAMARA TAMMY",
    "TERENCE TERRENCE TERRY",
    "THEODORE THEO TED TEDDY",
    "TERESA THERESA TERRY TESS TESSA TERRI",
    "THOMAS TOM TOMMY",
    "TIMOTHY TIM TIMMY",
    "TRACEY TRACY TRACE",
    "VALERIE VAL",
    "VERONICA RONNIE VERA",
    "VICTOR VIC",
    "VICTORIA VICKY VICKI TORI TORY",
    "VINCENT VIN VINCE VINNIE",
    "VIRGINIA GINNY GINA",
    "VIVIENNE VIVIAN VIV",
    "WALTER WALT WALLY",
    "WENDY WEN",
    "WILFRED WILF FRED",
    "WILLIAM WILL BILL BILLY WILLIE LIAM",
    "WINIFRED WIN WINNIE FREDA",
    "YVONNE VONNIE",
    "ZACHARY ZAC ZACK ZACH",
];

/// The rows of each name, by number from 1; four at most.
static ROWS_OF: LazyLock<HashMap<&str, Rows>> = LazyLock::new(|| {
    let mut rows_of: HashMap<&str, Rows> = HashMap::new();
    for (row, names) in (1..).zip(ROWS) {
        for name in names.split(' ') {
            let Rows(rows) = rows_of.entry(name).or_default();
            if let Some(free) = rows.iter_mut().find(|r| **r == 0) {
                *free = row;
            }
        }
    }
    rows_of
});

/// The rows that a name stands in; 0 for none. Never printed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rows([u8; 4]);

impl Rows {
    /// Those of a name in letters A to Z.
    pub(super) fn of(name: &str) -> Rows {
        ROWS_OF.get(name).copied().unwrap_or_default()
    }

    /// Whether two names stand in one row.
    pub(super) fn meet(self, other: Rows) -> bool {
        self.0.iter().any(|row| *row != 0 && other.0.contains(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_row_meet() {
        for (a, b, expected) in [
            ("WILLIAM", "BILL", true),
            ("KATHERINE", "CATH", true),
            ("CHRIS", "CHRISTINE", true),
            ("CHRIS", "CHRISTOPHER", true),
            ("TONY", "BILL", false),
            ("NGUYEN", "NGUYEN", false),
        ] {
            assert_eq!(Rows::of(a).meet(Rows::of(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn rows_are_plain_and_every_name_keeps_all_of_its_rows() {
        assert!(ROWS.len() < 256);
        for (row, names) in (1..=255u8).zip(ROWS) {
            for name in names.split(' ') {
                assert!(name.bytes().all(|b| b.is_ascii_uppercase()), "{name}");
                assert!(Rows::of(name).0.contains(&row), "{name}");
            }
        }
    }
}
